/**
 * Real crashes of real processes on real files.
 *
 *   npm run crashes -- [--kind kill|power|calls|full] [--failing write|sync|open|read] [--rounds N] [--budget 480s] [--seed N] [--json]
 *   npm run crashes -- --planted TEXT [--budget 480s]
 *
 * Without a kind all of them run, two at a time. `--rounds` is a ceiling and `--budget` the time for all of it, within
 * which each kind does as many rounds as it can, and one at the least. Exit code 1 when a promise was broken: then the
 * folder with journals, data directories and disks is kept, and named.
 *
 * `--planted` looks for planted bugs whose name holds the text, '' for all: exit code 1 when one is not seen.
 */
import { timeBudget } from '#test/support/time-budget.ts';
import { budgetMs, oneOf, readingArguments, textsOf, wholeNumber } from '#test/support/tool-options.ts';
import { CRASH_KINDS, type CrashKind, whyNot } from './crash-kinds.ts';
import { FAILING } from './failing-calls.ts';
import { seekCrashBugs } from './planted/seek-crash-bugs.ts';
import { openWorkplace } from './workplace.ts';

/** Coming to rest, and the last verification: as long as some rounds. */
const CLOSING_ROUNDS = 4;

const { values, kindWanted, failing, roundsWanted, seedWanted, budget } = readingArguments(() => {
  const values = textsOf({
    kind: { type: 'string' },
    /** Of the calls, these alone. */
    failing: { type: 'string' },
    rounds: { type: 'string' },
    /** Seconds for all kinds together. */
    budget: { type: 'string' },
    seed: { type: 'string' },
    planted: { type: 'string' },
    json: { type: 'boolean', default: false },
  });
  return {
    values,
    kindWanted: oneOf(
      values,
      'kind',
      CRASH_KINDS.map(({ name }) => name),
    ),
    failing: oneOf(values, 'failing', FAILING),
    roundsWanted: wholeNumber(values, 'rounds', { min: 1 }),
    seedWanted: wholeNumber(values, 'seed'),
    budget: budgetMs(values),
  };
});

// A seed of its own unless one is given, so that not the same choices are met every time. It is printed.
const seed = seedWanted ?? Math.floor(Math.random() * 1_000_000);
const begun = performance.now();
const results: Record<string, unknown>[] = [];

function say(text: string): void {
  (values.json ? process.stderr : process.stdout).write(`${text}\n`);
}

async function runKind(kind: CrashKind, until: number): Promise<void> {
  const because = whyNot(kind);
  if (because !== undefined) {
    say(`${kind.name}: skipped: ${because}`);
    if (process.env['CI'] !== undefined) throw new Error(`with CI set nothing may be skipped: ${because}`);
    results.push({ kind: kind.name, skipped: because });
    return;
  }
  const rounds = roundsWanted ?? kind.rounds;
  const workplace = openWorkplace();
  const kindBegun = performance.now();
  const seconds = (): number => Math.round((performance.now() - kindBegun) / 1000);
  try {
    const report = await kind.run(workplace, {
      seed,
      rounds,
      failing,
      time: timeBudget(until, CLOSING_ROUNDS),
      say: (sentence) => say(`${kind.name}: ${sentence}`),
    });
    workplace.clear();
    const figures = Object.entries(report.figures).map(([name, figure]) => `${figure} ${name}`);
    say(
      `${kind.name}: ${report.rounds} of ${rounds} rounds in ${seconds()} s, ${kind.held} (${figures.join(', ')})`,
    );
    results.push({ kind: kind.name, rounds: report.rounds, seconds: seconds(), ...report.figures });
  } catch (error) {
    workplace.clear({ keepFolder: true });
    process.exitCode = 1;
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      say(cause.stack ?? cause.message);
    say(
      `${kind.name}: FAILED after ${seconds()} s with seed ${seed}; everything is kept in ${workplace.folder}`,
    );
    results.push({ kind: kind.name, failed: (error as Error).message });
  }
}

const ended = new AbortController();
// At exit each workplace ends what was started and clears its folder away. Each time: a signal that npm passes on comes
// twice, and must not end what clears up.
const end = (): void => (values.planted === undefined ? process.exit(1) : ended.abort());
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, end);

if (values.planted !== undefined) {
  const time = timeBudget(begun + budget);
  // Crashes of a kind take turns with nothing else: each waits for the disk.
  const all = await seekCrashBugs({ only: values.planted, time, workers: 1, say, ended: ended.signal });
  process.exit(all ? 0 : 1);
}

const kinds = CRASH_KINDS.filter(({ name }) => kindWanted === undefined || name === kindWanted);
say(`seed ${seed}`);
// What is killed most takes one lane, all else in turn the other; each of these gets its part of the time.
const lanes = kinds.length === 1 ? [kinds] : [kinds.slice(0, 1), kinds.slice(1)];
await Promise.all(
  lanes.map(async (lane) => {
    const parts = lane.reduce((sum, { part }) => sum + part, 0);
    let until = begun;
    for (const kind of lane) {
      until += (budget * kind.part) / parts;
      await runKind(kind, until);
    }
  }),
);
if (values.json) process.stdout.write(`${JSON.stringify({ seed, kinds: results })}\n`);
// Whatever a part waits for that was given up.
process.exit();
