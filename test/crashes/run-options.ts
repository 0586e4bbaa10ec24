/** What a run of crashes is asked for, and what it says at its end. */
import type { Failing } from './failing-calls.ts';
import type { TimeBudget } from '#test/support/time-budget.ts';

export interface RunOptions {
  /** Every choice comes from it; moments are the machine's own. */
  readonly seed: number;
  /** As many rounds as this, unless the time is over earlier. */
  readonly rounds: number;
  /** Of failing calls, those of this kind only. */
  readonly failing?: Failing | undefined;
  /** Every round, and every tree that is grown for some, goes through it. */
  readonly time: TimeBudget;
  readonly say: (sentence: string) => void;
}

export interface Report {
  readonly rounds: number;
  /** What was done and seen, for people. */
  readonly figures: Readonly<Record<string, number>>;
}

export function mayGoOn({ rounds, time }: RunOptions, done: number): boolean {
  return done < rounds && time.mayBegin();
}
