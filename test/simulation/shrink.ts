/**
 * Shrinking: leaves out servers and steps of a failing plan for as long as it still breaks the same promise. Delta
 * debugging over the steps (Zeller and Hildebrandt, 2002), within a bound of time.
 */
import { type Outcome, simulate } from './simulate.ts';
import type { Plan } from './step.ts';

export interface Shrunk {
  readonly plan: Plan;
  readonly outcome: Outcome;
  readonly runs: number;
}

/** @param milliseconds how long to try. */
export async function shrink(plan: Plan, outcome: Outcome, milliseconds: number): Promise<Shrunk> {
  const rule = outcome.violations[0]?.rule;
  const end = performance.now() + milliseconds;
  let best: Shrunk = { plan, outcome, runs: 0 };
  let runs = 0;
  const timeLeft = () => performance.now() < end;

  const accept = async (candidate: Plan): Promise<boolean> => {
    runs += 1;
    const tried = await simulate(candidate);
    if (tried.violations[0]?.rule !== rule) return false;
    best = { plan: candidate, outcome: tried, runs };
    return true;
  };

  // What comes after the violation had no part in it.
  const at = outcome.violations[0]?.at ?? Infinity;
  await accept({ ...plan, steps: plan.steps.filter((step) => step.at <= at) });
  // Leaves first: a server goes only when nothing hangs below it. Fewer servers make the runs that follow shorter.
  for (let index = plan.above.length - 1; index > 0 && timeLeft(); index -= 1) {
    const absent = best.plan.absent ?? [];
    const below = plan.above.some((above, other) => above === index && !absent.includes(other));
    if (!below) await accept({ ...best.plan, absent: [...absent, index] });
  }
  for (let parts = 2; timeLeft() && best.plan.steps.length > 1; ) {
    const size = Math.ceil(best.plan.steps.length / parts);
    let smaller = false;
    for (let from = 0; from < best.plan.steps.length && timeLeft(); ) {
      const { steps } = best.plan;
      const rest = [...steps.slice(0, from), ...steps.slice(from + size)];
      // Where a part could go, the next one stands in its place.
      if (await accept({ ...best.plan, steps: rest })) smaller = true;
      else from += size;
    }
    if (smaller) parts = Math.max(2, Math.ceil(best.plan.steps.length / size));
    else if (size <= 1) break;
    else parts = Math.min(best.plan.steps.length, parts * 2);
  }
  return { ...best, runs };
}
