/**
 * The rows of hostile input that repeat, with as many rounds as one likes.
 *
 *   npm run hostile -- --kind (flips | parsers | members) [--rounds N] [--seed N] [--budget 240s] [--only TEXT] [--json]
 *
 * `members` do each of their harms `--rounds` times, and share the budget among them.
 *
 * With a budget no round begins after so many seconds, but a tenth of the rounds is done however long they take.
 * `--only` takes the classes whose name holds the text. Exit code 1 where anything is wrong.
 */
import { parseArgs } from 'node:util';
import { runFlips } from './flips/run-flips.ts';
import { runMembers } from './members/run-members.ts';
import { runParsers } from './parsers/run-parsers.ts';

const ROUNDS_DEFAULT = { flips: 2000, parsers: 100_000, members: 1 } as const;
/** A tenth of what was asked for, at the least. */
const LEAST_PART = 10;

const { values } = parseArgs({
  options: {
    kind: { type: 'string' },
    rounds: { type: 'string' },
    seed: { type: 'string' },
    budget: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

function numberOf(name: 'rounds' | 'seed', instead: number): number {
  const text = values[name];
  if (text === undefined) return instead;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} is a whole number`);
  return Number(text);
}

function say(text: string): void {
  (values.json ? process.stderr : process.stdout).write(`${text}\n`);
}

const KINDS = { flips: runFlips, parsers: runParsers, members: runMembers };
const kind = values.kind as keyof typeof KINDS;
if (!(kind in KINDS)) throw new Error(`--kind is one of ${Object.keys(KINDS).join(', ')}`);
// At exit a kind ends what it started, and clears its folder away.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
const begun = performance.now();
const rounds = numberOf('rounds', ROUNDS_DEFAULT[kind]);
// A fresh one each time, so that what it finds can be had again.
const seed = numberOf('seed', Math.floor(Date.now() / 1000) % 1_000_000_000);
say(`seed ${seed}`);
const report = await KINDS[kind]({
  rounds,
  least: Math.ceil(rounds / LEAST_PART),
  seed,
  end: begun + 1000 * Number.parseFloat(values.budget ?? 'Infinity'),
  named: values.only,
  say,
});
const wrongs = [...report.wrongs, ...(report.slow ?? [])];
for (const wrong of wrongs) say(wrong);
const outcomes = Object.entries(report.outcomes).map(([word, count]) => `${count} ${word}`);
const seconds = Math.round((performance.now() - begun) / 1000);
say(
  `${kind}: ${report.rounds} of ${rounds} rounds over ${report.classes} classes: ${outcomes.join(', ')}; ${seconds} s`,
);
if (values.json) process.stdout.write(`${JSON.stringify({ kind, ...report })}\n`);
// Whatever a part waits for that was given up.
process.exit(wrongs.length > 0 ? 1 : 0);
