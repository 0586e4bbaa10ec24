/** The error codes of src and the rows of docs/ERRORS.md are the same set, in the same order. */

/** The codes that the document explains: rows of a table that begin with a code in backquotes. */
function documentedCodes(document: string): string[] {
  return [...document.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map((match) => match[1]!);
}

export function catalogueFaults(codes: readonly string[], document: string): string[] {
  const documented = documentedCodes(document);
  const rows = new Map<string, string>();
  for (const row of document.split('\n')) {
    const code = documentedCodes(row)[0];
    if (code !== undefined) rows.set(code, row);
  }
  return [
    ...codes.filter((code) => !documented.includes(code)).map((code) => `${code} is not explained`),
    ...documented
      .filter((code) => !codes.includes(code))
      .map((code) => `${code} is explained and does not exist`),
    ...documented
      .filter((code, at) => documented.indexOf(code) !== at)
      .map((code) => `${code} is explained twice`),
    ...[...rows]
      .filter(([, row]) =>
        row
          .split('|')
          .slice(2, 4)
          .some((cell) => cell.trim() === ''),
      )
      .map(([code]) => `${code} lacks its meaning or what to do`),
  ];
}
