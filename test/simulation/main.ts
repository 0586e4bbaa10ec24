/**
 * The simulation's command line.
 *
 *   npm run simulate -- --seed N [--servers K] [--steps M] [--processes P] [--json]   one run, a story and a small plan if it fails
 *   npm run simulate -- --seeds N [--from S | --fresh] [--budget 240s] [--json]   many runs, as many as the time allows
 *   npm run simulate -- --plan FILE                                           a kept plan
 *   npm run simulate -- --planted TEXT [--seeds N] [--budget 120s]            every planted bug must be found
 *
 * Exit code 1 on any violation.
 */
import { hash, randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { budgetMs, readingArguments, textsOf, wholeNumber } from '#test/support/tool-options.ts';
import { timeBudget } from '#test/support/time-budget.ts';
import { seekAll } from './planted/seek-all.ts';
import { makePlan } from './plan.ts';
import { resultOf, runSeeds, type SeedResult } from './run-seeds.ts';
import { shrink } from './shrink.ts';
import { type Outcome, simulate } from './simulate.ts';
import type { Plan } from './step.ts';
import { storyOf } from './story.ts';

const SHRINK_MS = 60_000;
/** A tree of more is nobody's, and takes a machine's memory. */
const SERVERS_MAX = 1000;
const WORKERS_MAX = 256;
const PROCESSES_MAX = 8;
/** Where fresh seeds begin. */
const FRESH_STEP = 10_000;
const FRESH_STARTS = 90_000;

const { values, seed, size, seeds, begin, workersAsked, budget, kept } = readingArguments(() => {
  const values = textsOf({
    seed: { type: 'string' },
    servers: { type: 'string' },
    steps: { type: 'string' },
    /** That serve one server, at most. */
    processes: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string' },
    /** Begins anywhere, and says where. */
    fresh: { type: 'boolean', default: false },
    /** Processes that run seeds side by side. */
    workers: { type: 'string' },
    /** Seconds within which all of it is over. */
    budget: { type: 'string' },
    /** Stops at the first violation, without story and shrinking. */
    first: { type: 'boolean', default: false },
    plan: { type: 'string' },
    /** Those whose name holds the text; all where it is empty. */
    planted: { type: 'string' },
    /** Where a small failing plan is written. */
    keep: { type: 'string' },
    json: { type: 'boolean', default: false },
    lines: { type: 'boolean', default: false },
  });
  const kept =
    values.plan === undefined ? undefined : (JSON.parse(readFileSync(values.plan, 'utf8')) as { plan: Plan });
  return {
    values,
    seed: wholeNumber(values, 'seed'),
    size: {
      servers: wholeNumber(values, 'servers', { min: 1, max: SERVERS_MAX }),
      steps: wholeNumber(values, 'steps', { min: 1 }),
      processes: wholeNumber(values, 'processes', { min: 1, max: PROCESSES_MAX }),
    },
    seeds: wholeNumber(values, 'seeds', { min: 1 }),
    begin: wholeNumber(values, 'from'),
    workersAsked: wholeNumber(values, 'workers', { min: 1, max: WORKERS_MAX }),
    budget: budgetMs(values),
    kept: kept?.plan,
  };
});

function say(text: string): void {
  (values.json ? process.stderr : process.stdout).write(`${text}\n`);
}

function print(document: unknown): void {
  if (values.json) process.stdout.write(`${JSON.stringify(document)}\n`);
}

/** Makes it small, tells the story, keeps the plan. */
async function explain(plan: Plan, outcome: Outcome): Promise<void> {
  say(`seed ${plan.seed} breaks a promise: ${outcome.violations[0]!.rule}; making it small …`);
  const small = await shrink(plan, outcome, SHRINK_MS);
  say(`\n${storyOf(small.outcome, small.plan)}`);
  const file = values.keep ?? `simulation-seed-${plan.seed}.json`;
  const found = small.outcome.violations[0]!.sentence;
  writeFileSync(file, `${JSON.stringify({ found, plan: small.plan })}\n`);
  say(`kept in ${file} (${small.runs} runs); run it again with --plan ${file}`);
}

async function runOne(plan: Plan): Promise<void> {
  const begun = performance.now();
  const outcome = await simulate(plan);
  if (values.lines) for (const { at, where, what } of outcome.lines) say(`${at} ${where}: ${what}`);
  const { keys, calls, plannedFaults } = outcome.figures;
  say(
    `seed ${outcome.seed}: ${outcome.steps} steps, ${plannedFaults} faults of servers and links, ${outcome.faults - plannedFaults} of messages, ` +
      `${keys} keys, ${calls} calls, ${outcome.violations.length} violations, ${Math.round(performance.now() - begun)} ms`,
  );
  say(`trace ${outcome.trace}`);
  print(resultOf(outcome));
  if (outcome.violations.length === 0) return;
  process.exitCode = 1;
  if (!values.first) await explain(plan, outcome);
}

async function runMany(count: number): Promise<void> {
  const from = values.fresh ? FRESH_STEP * randomInt(FRESH_STARTS) : (begin ?? 1);
  const workers = workersAsked ?? (values.first ? 1 : availableParallelism());
  const begun = performance.now();
  const time = timeBudget(begun + budget);
  const tasks = Array.from({ length: count }, (_, index) => ({ seed: from + index, ...size }));
  const results: SeedResult[] = [];
  const failed: SeedResult[] = [];
  say(`up to ${count} seeds from ${from}, ${workers} at a time`);
  await runSeeds({
    tasks,
    workers,
    time,
    goesOn: () => !(values.first && failed.length > 0),
    onResult(result) {
      results.push(result);
      if (result.violations.length === 0) return;
      failed.push(result);
      say(`seed ${result.seed}: ${result.violations[0]!.sentence}`);
    },
  });
  // In whatever order the runs ended.
  results.sort((one, other) => one.seed - other.seed);
  failed.sort((one, other) => one.seed - other.seed);
  if (failed.length > 0 && !values.first) {
    const plan = makePlan(failed[0]!.seed, size);
    await explain(plan, await simulate(plan));
  }
  const runs = results.length;
  const faults = results.reduce((sum, result) => sum + result.faults, 0);
  const seconds = Math.round((performance.now() - begun) / 1000);
  say(`${runs} seeds from ${from}, ${faults} faults, ${failed.length} with violations, ${seconds} s`);
  const more = size.processes === undefined ? '' : ` --processes ${size.processes}`;
  if (failed.length > 0) say(`run one again with: npm run simulate -- --seed ${failed[0]!.seed}${more}`);
  const trace = hash('sha256', results.map((result) => result.trace).join());
  print({ seeds: runs, from, faults, trace, violations: failed });
  if (failed.length > 0 || runs === 0) process.exitCode = 1;
}

if (values.planted !== undefined) {
  const found = await seekAll({
    only: values.planted,
    seeds,
    from: begin,
    time: timeBudget(performance.now() + budget),
    workers: workersAsked ?? availableParallelism(),
    say,
  });
  if (!found) process.exitCode = 1;
} else if (kept !== undefined) {
  await runOne(kept);
} else if (seeds === undefined) {
  await runOne(makePlan(seed ?? 1, size));
} else {
  await runMany(seeds);
}
