/**
 * Looks for planted bugs, a few at a time, within a budget of time: the one loop of all campaigns that plant bugs.
 *
 * Invariant: it is over within the budget and a tenth of it, whatever else the machine does. A bug that was not looked
 * for to the end by then is neither seen nor missed.
 */
import { randomInt } from 'node:crypto';
import type { TimeBudget } from '#test/support/time-budget.ts';

export interface Looked {
  /** What shows the bug; undefined where nothing does. */
  readonly seen: string | undefined;
  /** Where it was looked for, and what was said there if nothing shows it. */
  readonly said: string;
}

export interface SeekOptions<Bug> {
  readonly bugs: readonly Bug[];
  /** Of these, only those whose name holds this text. */
  readonly only: string;
  readonly time: TimeBudget;
  readonly workers: number;
  readonly say: (line: string) => void;
  /** Aborted when it is to stop before its time. */
  readonly ended: AbortSignal;
  /** Milliseconds that it takes to look for one where nothing else runs; if not given, as long as the longest so far. */
  readonly msOf?: (bug: Bug) => number;
  /** @param ended when it is to be given up. */
  readonly look: (bug: Bug, ended: AbortSignal) => Promise<Looked>;
}

/** @returns whether every one that was looked for was seen. */
export async function seekPlanted<Bug extends { readonly name: string }>(
  options: SeekOptions<Bug>,
): Promise<boolean> {
  const { only, time, workers, say, msOf, look } = options;
  const listed = options.bugs.filter(({ name }) => name.includes(only));
  // Where time does not suffice for all, others are looked for the next time.
  const first = randomInt(Math.max(1, listed.length));
  const left = [...listed.slice(first), ...listed.slice(0, first)];
  const ended = AbortSignal.any([options.ended, time.over]);
  const count = { seen: 0, missed: 0, givenUp: 0 };
  const work = async (): Promise<void> => {
    while (!ended.aborted) {
      const fits = left.findIndex((bug) => time.mayBegin(msOf?.(bug)));
      if (fits < 0) return;
      const [bug] = left.splice(fits, 1) as [Bug];
      const at = performance.now();
      const { seen, said } = await time.round(() => look(bug, ended), msOf?.(bug));
      const seconds = Math.round((performance.now() - at) / 1000);
      if (seen !== undefined) {
        count.seen += 1;
        say(`seen within ${seconds} s: ${bug.name}\n    ${seen}`);
      } else if (ended.aborted) {
        count.givenUp += 1;
        say(`given up after ${seconds} s: ${bug.name}`);
      } else {
        count.missed += 1;
        say(`NOT SEEN within ${seconds} s: ${bug.name}\n    ${said}`);
      }
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  const { seen, missed, givenUp } = count;
  say(
    `${seen + missed} of ${listed.length} planted bugs looked for, ${missed} not seen` +
      (givenUp > 0 ? `; ${givenUp} given up, for the time was over` : ''),
  );
  return seen > 0 && missed === 0 && !options.ended.aborted;
}
