/**
 * Text in aligned columns, as wide as it is shown: names come from other machines, and invisible characters in them are
 * escaped before the width is measured.
 */
import { readable } from '#domain/name.ts';

/** Width by code points: right for every script except double-width ones, whose columns are only less pretty. */
function widthOf(text: string): number {
  return Array.from(text).length;
}

type Cells = readonly string[];

/** Rows of cells to lines; the last cell of a row is not padded. */
export function columns(rows: readonly Cells[]): string[] {
  const widths = widthsOf(rows);
  return rows.map((row) => lineOf(row, widths));
}

export function widthsOf(rows: Iterable<Cells>): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries())
      widths[index] = Math.max(widths[index] ?? 0, widthOf(readable(cell)));
  }
  return widths;
}

/** @param dress the appearance of an escaped cell; it keeps the width. */
export function lineOf(
  row: Cells,
  widths: readonly number[],
  dress: (shown: string, index: number) => string = (shown) => shown,
): string {
  return row
    .map((cell, index) => {
      const shown = readable(cell);
      const padding = index === row.length - 1 ? '' : ' '.repeat(widths[index]! - widthOf(shown));
      return dress(shown, index) + padding;
    })
    .join('  ')
    .trimEnd();
}

/** A table with its headings. */
export function table(headings: Cells, rows: readonly Cells[]): string[] {
  return [...tableOf(headings, rows, (row) => row)];
}

/** The same for a long listing, line by line: a row's cells are made once to measure and once to write. */
export function* tableOf<T>(
  headings: Cells,
  things: Iterable<T>,
  cellsOf: (thing: T) => Cells,
): Generator<string> {
  function* rows(): Generator<Cells> {
    yield headings.map((heading) => heading.toUpperCase());
    for (const thing of things) yield cellsOf(thing);
  }
  const widths = widthsOf(rows());
  for (const row of rows()) yield lineOf(row, widths);
}
