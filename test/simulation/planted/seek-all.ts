/** Looks for the bugs that the simulation must find, each on the seeds that begin with the one known for it. */
import type { TimeBudget } from '#test/support/time-budget.ts';
import { BUGS } from './bugs.ts';
import { seek } from './plant.ts';
import { seekPlanted } from './seek-planted.ts';

export interface SeekAllOptions {
  /** Bugs whose name holds this text. */
  readonly only: string;
  /** How many seeds each is given. */
  readonly seeds: number | undefined;
  /** The seed to begin with; the one known for each bug where it is left out. */
  readonly from: number | undefined;
  readonly time: TimeBudget;
  readonly workers: number;
  readonly say: (line: string) => void;
}

/** @returns whether every one that was looked for was found. */
export function seekAll({ seeds, from, ...options }: SeekAllOptions): Promise<boolean> {
  return seekPlanted({
    ...options,
    bugs: BUGS,
    // It starts processes that end with this one.
    ended: new AbortController().signal,
    async look(bug, ended) {
      const found = await seek(bug, seeds, from, ended);
      return {
        seen: found.seed === undefined ? undefined : `seed ${found.seed}, ${found.rule}: ${found.sentence}`,
        said: `nothing is wrong in ${found.seeds} seeds`,
      };
    },
  });
}
