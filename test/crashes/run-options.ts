/** What a run of crashes is asked for, and what it says at its end. */
export interface RunOptions {
  /** Every choice comes from it; moments are the machine's own. */
  readonly seed: number;
  /** As many rounds as this, unless the time is over earlier. */
  readonly rounds: number;
  /** At least so many, whatever the time says. */
  readonly roundsLeast: number;
  /** No further round begins after this reading of `performance.now()`. */
  readonly until: number;
  readonly say: (sentence: string) => void;
}

export interface Report {
  readonly rounds: number;
  /** What was done and seen, for people. */
  readonly figures: Readonly<Record<string, number>>;
}

export function mayGoOn(options: RunOptions, done: number): boolean {
  if (done >= options.rounds) return false;
  return done < options.roundsLeast || performance.now() < options.until;
}
