/**
 * Many seeds, as many at a time as there are processors, each process with runs of its own. Which process runs a seed
 * changes nothing: a run knows only its seed.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { TimeBudget } from '#test/support/time-budget.ts';
import type { Violation } from './checkers/facts.ts';
import { makePlan, type PlanSize } from './plan.ts';
import { type Outcome, simulate } from './simulate.ts';

export interface SeedTask extends PlanSize {
  readonly seed: number;
}

/** What is printed of a run. */
export interface SeedResult {
  readonly seed: number;
  readonly steps: number;
  readonly faults: number;
  readonly trace: string;
  readonly violations: readonly Violation[];
}

export interface SeedRun {
  /** In the order in which they are begun. */
  readonly tasks: readonly SeedTask[];
  readonly workers: number;
  /** Whether another run is to be begun, and where there is a budget of time whether it would be over in time. */
  readonly goesOn: () => boolean;
  readonly time: TimeBudget;
  readonly onResult: (result: SeedResult) => void;
}

/** A young generation that holds one run's messages: less time is spent on collecting them. */
const CHILD_OPTIONS = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=32'];

export function resultOf({ seed, steps, faults, trace, violations }: Outcome): SeedResult {
  return { seed, steps, faults, trace, violations };
}

/** Resolves when every run that was begun is over. Throws where one broke off without a result. */
export async function runSeeds({ tasks, workers, goesOn, time, onResult }: SeedRun): Promise<void> {
  let begun = 0;
  const next = (): SeedTask | undefined => {
    if (begun >= tasks.length || !goesOn() || !time.mayBegin()) return undefined;
    begun += 1;
    return tasks[begun - 1];
  };
  if (workers <= 1) {
    for (let task = next(); task !== undefined; task = next()) {
      const plan = makePlan(task.seed, task);
      onResult(resultOf(await time.round(() => simulate(plan))));
    }
    return;
  }
  const children = Array.from({ length: Math.min(workers, tasks.length) }, () =>
    fork(join(import.meta.dirname, 'seed-process.ts'), {
      execArgv: CHILD_OPTIONS,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  );
  try {
    await Promise.all(children.map((child) => work(child, next, time, onResult)));
  } finally {
    for (const child of children) child.kill();
  }
}

async function work(
  child: ChildProcess,
  next: () => SeedTask | undefined,
  time: TimeBudget,
  onResult: (result: SeedResult) => void,
): Promise<void> {
  for (let task = next(); task !== undefined; task = next()) {
    const run = task;
    onResult(await time.round(() => ran(child, run)));
  }
}

function ran(child: ChildProcess, task: SeedTask): Promise<SeedResult> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void =>
      reject(new Error(`the run of seed ${task.seed} broke off with exit code ${code}`));
    child.once('exit', onExit);
    child.once('message', (result: SeedResult) => {
      child.off('exit', onExit);
      resolve(result);
    });
    child.send(task);
  });
}
