/** A bug to be planted: a small edit of the program that breaks one promise. */

export interface Edit {
  /** In src. */
  readonly file: string;
  /** Occurs exactly once. */
  readonly from: string;
  readonly to: string;
}

export interface Bug {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** A seed that finds it; the test looks there and on the few that follow. */
  readonly seed: number;
}

export function edit(file: string, from: string, to: string): Edit {
  return { file, from, to };
}
