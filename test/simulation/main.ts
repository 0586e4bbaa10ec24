/**
 * The simulation's command line.
 *
 *   npm run simulate -- --seed N [--servers K] [--steps M] [--json]            one run, a story and a small plan if it fails
 *   npm run simulate -- --seeds N [--from S] [--budget 240s] [--json]          many runs, as many as the time allows
 *   npm run simulate -- --plan FILE                                           a kept plan
 *   npm run simulate -- --planted TEXT [--seeds N]                            every planted bug must be found
 *
 * Exit code 1 on any violation.
 */
import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { seekAll } from './planted/seek-all.ts';
import { makePlan } from './plan.ts';
import { shrink } from './shrink.ts';
import { type Outcome, simulate } from './simulate.ts';
import type { Plan } from './step.ts';
import { storyOf } from './story.ts';

const SHRINK_MS = 60_000;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    servers: { type: 'string' },
    steps: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string' },
    /** Seconds after which no further run begins. */
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
  },
});

function numberOf(name: 'seed' | 'servers' | 'steps' | 'seeds' | 'from'): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} is a whole number`);
  return Number(text);
}

function say(text: string): void {
  (values.json ? process.stderr : process.stdout).write(`${text}\n`);
}

function print(document: unknown): void {
  if (values.json) process.stdout.write(`${JSON.stringify(document)}\n`);
}

function documentOf({ seed, steps, faults, trace, violations }: Outcome) {
  return { seed, steps, faults, trace, violations };
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
  print(documentOf(outcome));
  if (outcome.violations.length === 0) return;
  process.exitCode = 1;
  if (!values.first) await explain(plan, outcome);
}

async function runMany(count: number): Promise<void> {
  const from = numberOf('from') ?? 1;
  const end = performance.now() + 1000 * Number.parseFloat(values.budget ?? 'Infinity');
  const failed: ReturnType<typeof documentOf>[] = [];
  const begun = performance.now();
  let runs = 0;
  let faults = 0;
  const traces: string[] = [];
  for (let seed = from; seed < from + count && performance.now() < end; seed += 1) {
    const plan = makePlan(seed, numberOf('servers'), numberOf('steps'));
    const outcome = await simulate(plan);
    runs += 1;
    faults += outcome.faults;
    traces.push(outcome.trace);
    if (outcome.violations.length === 0) continue;
    failed.push(documentOf(outcome));
    say(`seed ${seed}: ${outcome.violations[0]!.sentence}`);
    if (values.first) break;
    if (failed.length === 1) await explain(plan, outcome);
  }
  const seconds = Math.round((performance.now() - begun) / 1000);
  say(`${runs} seeds from ${from}, ${faults} faults, ${failed.length} with violations, ${seconds} s`);
  print({ seeds: runs, from, faults, trace: hash('sha256', traces.join()), violations: failed });
  if (failed.length > 0 || runs === 0) process.exitCode = 1;
}

const seeds = numberOf('seeds');
if (values.planted !== undefined) {
  if (!(await seekAll(values.planted, seeds, numberOf('from'), say))) process.exitCode = 1;
} else if (values.plan !== undefined) {
  await runOne((JSON.parse(readFileSync(values.plan, 'utf8')) as { plan: Plan }).plan);
} else if (seeds === undefined) {
  await runOne(makePlan(numberOf('seed') ?? 1, numberOf('servers'), numberOf('steps')));
} else {
  await runMany(seeds);
}
