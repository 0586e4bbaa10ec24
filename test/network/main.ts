/**
 * Bad lines between real server processes, through a relay on loopback.
 *
 *   npm run network -- [--scenario NAME] [--rounds N] [--budget 90s] [--seed N] [--json]
 *
 * All scenarios run, six side by side, each on a tree of its own; `--rounds` times each. With a budget no scenario
 * begins that would not be over after so many seconds. Exit code 1 when a promise was broken: then the folder with
 * the data directories is kept, and named.
 */
import { openWorkplace } from '#test/crashes/workplace.ts';
import { timeBudget } from '#test/support/time-budget.ts';
import { budgetMs, oneOf, readingArguments, textsOf, wholeNumber } from '#test/support/tool-options.ts';
import { runScenario, type Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

/** Most of a scenario is waiting; more at once would make each one's servers slow. */
const AT_ONCE = 6;

const { values, wanted, rounds, seedWanted, budget } = readingArguments(() => {
  const values = textsOf({
    scenario: { type: 'string' },
    rounds: { type: 'string' },
    budget: { type: 'string' },
    seed: { type: 'string' },
    json: { type: 'boolean', default: false },
  });
  const named = oneOf(
    values,
    'scenario',
    SCENARIOS.map(({ name }) => name),
  );
  return {
    values,
    wanted: SCENARIOS.filter(({ name }) => named === undefined || name === named),
    rounds: wholeNumber(values, 'rounds', { min: 1 }) ?? 1,
    seedWanted: wholeNumber(values, 'seed'),
    budget: budgetMs(values),
  };
});

function say(text: string): void {
  (values.json ? process.stderr : process.stdout).write(`${text}\n`);
}

const firstSeed = seedWanted ?? Math.floor(Math.random() * 1_000_000);
const time = timeBudget(performance.now() + budget);
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
let begun = 0;
async function lane(): Promise<void> {
  for (;;) {
    const at = begun;
    if (at >= wanted.length * rounds || !time.mayBegin()) return;
    begun += 1;
    await time.round(() => run(wanted[at % wanted.length]!, firstSeed + Math.floor(at / wanted.length)));
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, lane));
const failed = results.filter((result) => 'failed' in result).length;
say(`${results.length} of ${wanted.length * rounds} scenarios run, ${failed} failed`);
if (values.json) process.stdout.write(`${JSON.stringify({ seed: firstSeed, scenarios: results })}\n`);
// A scenario that failed may have left calls under way.
process.exit();
