/**
 * The simulation's command line.
 *
 *   npm run simulate -- --seed N [--servers K] [--steps M] [--json]      one run; exit 1 on a violation
 *   npm run simulate -- --seeds N [--from S] [--budget 240s] [--json]    many, as many as the time allows
 */
import { parseArgs } from 'node:util';
import { makePlan } from './plan.ts';
import { simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    servers: { type: 'string' },
    steps: { type: 'string' },
    json: { type: 'boolean', default: false },
    lines: { type: 'boolean', default: false },
  },
});
const begun = performance.now();
const plan = makePlan(
  Number(values.seed ?? 1),
  values.servers === undefined ? undefined : Number(values.servers),
  values.steps === undefined ? undefined : Number(values.steps),
);
const outcome = await simulate(plan);
const { lines, figures, ...document } = outcome;
if (values.lines) for (const { at, where, what } of lines) process.stdout.write(`${at} ${where}: ${what}\n`);
process.stdout.write(`${JSON.stringify(document)}\n`);
process.stderr.write(`${JSON.stringify(figures)} ${Math.round(performance.now() - begun)} ms\n`);
process.exitCode = outcome.violations.length > 0 ? 1 : 0;
