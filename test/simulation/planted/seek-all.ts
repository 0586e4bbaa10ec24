/** Looks for planted bugs, a few at a time, and tells which seed found each. */
import { randomInt } from 'node:crypto';
import type { TimeBudget } from '#test/support/time-budget.ts';
import { BUGS } from './bugs.ts';
import { seek } from './plant.ts';

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
export async function seekAll(options: SeekAllOptions): Promise<boolean> {
  const { only, seeds, from, time, workers, say } = options;
  const listed = BUGS.filter(({ name }) => name.includes(only));
  // Where time does not suffice for all, others are looked for the next time.
  const first = randomInt(Math.max(1, listed.length));
  const bugs = [...listed.slice(first), ...listed.slice(0, first)];
  let begun = 0;
  let missed = 0;
  const work = async (): Promise<void> => {
    while (begun < bugs.length && time.mayBegin()) {
      const bug = bugs[begun]!;
      begun += 1;
      const found = await time.round(() => seek(bug, seeds, from));
      if (found.seed === undefined) missed += 1;
      say(
        found.seed === undefined
          ? `NOT FOUND in ${found.seeds} seeds: ${bug.name}`
          : `seed ${found.seed} finds: ${bug.name}\n    ${found.rule}: ${found.sentence}`,
      );
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  say(`${begun} of ${bugs.length} planted bugs looked for, ${missed} not found`);
  return begun > 0 && missed === 0;
}
