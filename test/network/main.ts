/**
 * Bad lines between real server processes, through a relay on loopback.
 *
 *   npm run network -- [--scenario NAME] [--rounds N] [--budget 90s] [--seed N] [--json]
 *
 * All scenarios run, six side by side, each on a tree of its own; `--rounds` times each. With a budget no scenario
 * begins after so many seconds, but every one runs once. Exit code 1 when a promise was broken: then the folder with
 * the data directories is kept, and named.
 */
import { parseArgs } from 'node:util';
import { openWorkplace } from '#test/crashes/workplace.ts';
import { runScenario, type Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

/** Most of a scenario is waiting; more at once would make each one's servers slow. */
const AT_ONCE = 6;

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    rounds: { type: 'string', default: '1' },
    budget: { type: 'string' },
    seed: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

function numberOf(name: string, text: string): number {
  if (!/^\d{1,9}s?$/.test(text)) throw new Error(`--${name} is a whole number`);
  return Number.parseInt(text, 10);
}

function scenariosWanted(): readonly Scenario[] {
  if (values.scenario === undefined) return SCENARIOS;
  const wanted = SCENARIOS.filter(({ name }) => name === values.scenario);
  if (wanted.length > 0) return wanted;
  throw new Error(`--scenario is one of ${SCENARIOS.map(({ name }) => name).join(', ')}`);
}

function say(text: string): void {
  (values.json ? process.stderr : process.stdout).write(`${text}\n`);
}

const firstSeed =
  values.seed === undefined ? Math.floor(Math.random() * 1_000_000) : numberOf('seed', values.seed);
const until =
  performance.now() +
  (values.budget === undefined ? Number.POSITIVE_INFINITY : 1000 * numberOf('budget', values.budget));
const results: Record<string, unknown>[] = [];

async function run(scenario: Scenario, seed: number): Promise<void> {
  const workplace = openWorkplace();
  const begun = performance.now();
  const seconds = (): number => Math.round((performance.now() - begun) / 1000);
  try {
    const { keys, heartbeats, memoryMiB } = await runScenario(workplace, scenario, seed);
    workplace.clear();
    say(
      `${scenario.name}: ${scenario.meets}: ${keys} keys taken meanwhile, all agree ${heartbeats.toFixed(1)} heartbeats after it is well, at most ${memoryMiB} MiB; ${seconds()} s`,
    );
    results.push({ scenario: scenario.name, seed, seconds: seconds(), keys, heartbeats, memoryMiB });
  } catch (error) {
    workplace.clear({ keepFolder: true });
    process.exitCode = 1;
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      say(cause.stack ?? cause.message);
    say(
      `${scenario.name}: FAILED after ${seconds()} s with seed ${seed}; everything is kept in ${workplace.folder}`,
    );
    results.push({ scenario: scenario.name, seed, failed: (error as Error).message });
  }
}

// Each time: one that npm passes on comes twice, and must not end what clears up.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

say(`seed ${firstSeed}`);
const wanted = scenariosWanted();
const rounds = numberOf('rounds', values.rounds);
let begun = 0;
async function lane(): Promise<void> {
  for (;;) {
    const at = begun;
    if (at >= wanted.length * rounds || (at >= wanted.length && performance.now() >= until)) return;
    begun += 1;
    await run(wanted[at % wanted.length]!, firstSeed + Math.floor(at / wanted.length));
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, lane));
const failed = results.filter((result) => 'failed' in result).length;
say(`${results.length} scenarios run, ${failed} failed`);
if (values.json) process.stdout.write(`${JSON.stringify({ seed: firstSeed, scenarios: results })}\n`);
// A scenario that failed may have left calls under way.
process.exit();
