/** A process that runs the seeds it is told, one after another, and tells what came of each. */
import { makePlan } from './plan.ts';
import type { SeedTask, SeedResult } from './run-seeds.ts';
import { resultOf } from './run-seeds.ts';
import { simulate } from './simulate.ts';

process.on('message', (task: SeedTask) => {
  simulate(makePlan(task.seed, task)).then(
    (outcome) => process.send?.(resultOf(outcome) satisfies SeedResult),
    (error: unknown) => {
      throw error;
    },
  );
});
process.on('disconnect', () => process.exit());
