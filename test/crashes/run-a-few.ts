/** A few rounds of a kind within the tests: `npm run crashes` runs many. */
import { missing } from '#test/store/system-tools.ts';
import { timeBudget } from '#test/support/time-budget.ts';
import { CRASH_KINDS, type CrashKind, whyNot } from './crash-kinds.ts';
import { openWorkplace } from './workplace.ts';

/** Always the same choices; other seeds are for the many. */
const SEED = 1;

function kindOf(name: CrashKind['name']): CrashKind {
  return CRASH_KINDS.find((kind) => kind.name === name)!;
}

/** For the `skip` option of a test. */
export function unlessPossible(name: CrashKind['name']): string | false {
  const because = whyNot(kindOf(name));
  return because === undefined ? false : missing(false, because);
}

/** Rejects where a promise was broken. */
export async function runAFew(name: CrashKind['name'], rounds: number): Promise<void> {
  const workplace = openWorkplace();
  try {
    await kindOf(name).run(workplace, {
      seed: SEED,
      rounds,
      time: timeBudget(Number.POSITIVE_INFINITY),
      say: () => undefined,
    });
  } finally {
    workplace.clear();
  }
}
