/**
 * The rows of hostile input that repeat, with as many rounds as one likes.
 *
 *   npm run hostile -- --kind (flips | parsers | members) [--rounds N] [--seed N] [--budget 240s] [--only TEXT] [--json]
 *   npm run hostile -- --kind members [--busy] [--lingering 70s] …
 *   npm run hostile -- --kind members --planted TEXT [--workers N] [--budget 100s]
 *
 * `members` do each of their harms `--rounds` times, and share the budget among them. `--planted` takes away those bounds
 * in copies of the program whose name holds the text, '' for all, and exits with 1 when one of them is not seen.
 *
 * `--lingering` is the time after which no connection may be held that only lingers, where a server's limits are shorter.
 *
 * `--busy` says that others use this machine too: a slow honest device is told of and does not fail the run, and a
 * server may hold 300 MiB instead of 256.
 *
 * With a budget no round begins after so many seconds.
 * `--only` takes the classes whose name holds the text. Exit code 1 where anything is wrong.
 */
import { availableParallelism } from 'node:os';
import { timeBudget } from '#test/support/time-budget.ts';
import {
  budgetMs,
  oneOf,
  readingArguments,
  secondsMs,
  textsOf,
  wholeNumber,
} from '#test/support/tool-options.ts';
import { runFlips } from './flips/run-flips.ts';
import { runMembers } from './members/run-members.ts';
import { seekBoundBugs } from './members/planted/seek-bound-bugs.ts';
import { runParsers } from './parsers/run-parsers.ts';

const WORKERS_MAX = 16;
const ROUNDS_DEFAULT = { flips: 2000, parsers: 100_000, members: 1 } as const;
const KINDS = { flips: runFlips, parsers: runParsers, members: runMembers };

const { values, kind, roundsWanted, seedWanted, budget, lingeringMs, workers } = readingArguments(() => {
  const values = textsOf({
    kind: { type: 'string' },
    rounds: { type: 'string' },
    seed: { type: 'string' },
    budget: { type: 'string' },
    only: { type: 'string' },
    planted: { type: 'string' },
    busy: { type: 'boolean', default: false },
    lingering: { type: 'string' },
    /** Copies that are looked at side by side. */
    workers: { type: 'string' },
    json: { type: 'boolean', default: false },
  });
  const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[];
  const kind = oneOf(values, 'kind', kinds);
  if (kind === undefined) throw new Error(`--kind is missing: one of ${kinds.join(', ')}`);
  return {
    values,
    kind,
    roundsWanted: wholeNumber(values, 'rounds', { min: 1 }),
    seedWanted: wholeNumber(values, 'seed'),
    budget: budgetMs(values),
    lingeringMs: values.lingering === undefined ? undefined : secondsMs(values, 'lingering'),
    workers: wholeNumber(values, 'workers', { min: 1, max: WORKERS_MAX }) ?? availableParallelism(),
  };
});

function say(text: string): void {
  (values.json ? process.stderr : process.stdout).write(`${text}\n`);
}

const ENDING = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;
if (values.planted !== undefined) {
  const ended = new AbortController();
  for (const signal of ENDING) process.on(signal, () => ended.abort());
  const time = timeBudget(performance.now() + budget);
  const asked = { only: values.planted, time, workers, say, ended: ended.signal };
  process.exit((await seekBoundBugs(asked)) ? 0 : 1);
}
// At exit a kind ends what it started, and clears its folder away.
for (const signal of ENDING) process.on(signal, () => process.exit(1));
const begun = performance.now();
const rounds = roundsWanted ?? ROUNDS_DEFAULT[kind];
// A fresh one each time, so that what it finds can be had again.
const seed = seedWanted ?? Math.floor(Date.now() / 1000) % 1_000_000_000;
say(`seed ${seed}`);
const report = await KINDS[kind]({
  rounds,
  least: 1,
  seed,
  end: begun + budget,
  named: values.only,
  busy: values.busy,
  lingeringMs,
  say,
});
const slow = report.slow ?? [];
for (const sentence of [...report.wrongs, ...slow]) say(sentence);
const outcomes = Object.entries(report.outcomes).map(([word, count]) => `${count} ${word}`);
const seconds = Math.round((performance.now() - begun) / 1000);
say(
  `${kind}: ${report.rounds} of ${rounds} rounds over ${report.classes} classes: ${outcomes.join(', ')}; ${seconds} s`,
);
if (values.json) process.stdout.write(`${JSON.stringify({ kind, ...report })}\n`);
// Whatever a part waits for that was given up.
process.exit(report.wrongs.length > 0 || (slow.length > 0 && !values.busy) ? 1 : 0);
