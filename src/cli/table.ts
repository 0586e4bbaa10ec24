/**
 * Text in aligned columns. Control characters never reach the terminal: names come from other machines, and one that
 * moves the cursor could make a screen say what is not so.
 */

/** C0, DEL and C1 controls and the characters that turn the direction of writing: each becomes U+FFFD. */
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, '\ufffd');
}

/** Width by code points: right for every script but those of double width, where columns are only less pretty. */
function widthOf(text: string): number {
  return Array.from(text).length;
}

/** Rows of cells to lines; the last cell of a row is not padded. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries())
      widths[index] = Math.max(widths[index] ?? 0, widthOf(printable(cell)));
  }
  return rows.map((row) =>
    row
      .map((cell, index) => {
        const shown = printable(cell);
        return index === row.length - 1 ? shown : shown + ' '.repeat(widths[index]! - widthOf(shown));
      })
      .join('  ')
      .trimEnd(),
  );
}

/** A table with its headings. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return columns([headings.map((heading) => heading.toUpperCase()), ...rows]);
}
