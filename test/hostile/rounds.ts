/** What every repeated row of hostile input is asked, and what it tells. */
export interface Rounds {
  readonly rounds: number;
  /** Rounds to be done however long they take. */
  readonly least: number;
  readonly seed: number;
  /** Milliseconds of `performance.now()` after which no further round begins. */
  readonly end: number;
  /** Milliseconds after which no connection may be held that only lingers; as the limits of a server have it unless given. */
  readonly lingeringMs?: number | undefined;
  /** Others use the machine too. */
  readonly busy?: boolean;
  /** Of the classes whose name holds this text only. */
  readonly named?: string | undefined;
  /** Told what was measured, where a kind measures. */
  readonly say?: ((sentence: string) => void) | undefined;
}

export interface Report {
  readonly rounds: number;
  readonly classes: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** What must not be, in a sentence each. */
  readonly wrongs: readonly string[];
  /** What took too long: apart, since where others share the machine nobody decides by it. */
  readonly slow?: readonly string[];
}
