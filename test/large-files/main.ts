/**
 * Large files by hand: that a million keys are carried in as little memory as a tenth of them.
 *
 *   npm run large-files -- [--lines 1000000]
 *
 * A server of its own takes a tenth of the lines first, another all of them. Exit code 1 where a key is missing, a
 * process was larger than its limit, or it grew with the number of lines.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readingArguments, textsOf, wholeNumber } from '#test/support/tool-options.ts';
import { type CarriedMemory, carryMany } from './carry-many.ts';
import { GROWTH_BYTES_MAX, LARGEST_BYTES_MAX } from './largest-memory.ts';

const lines = readingArguments(() => {
  // The tenth part of fewer does not fill what the collector lets a process grow to in any case.
  const min = 1_000_000;
  return wholeNumber(textsOf({ lines: { type: 'string' } }), 'lines', { min }) ?? min;
});

const say = (sentence: string): void => void process.stdout.write(`${sentence}\n`);
const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;

const folder = mkdtempSync(join(tmpdir(), 'keystair-large-files-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));
// Each time: one that npm passes on comes twice, and must not end what clears up.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const few = await carryMany(join(folder, 'few'), Math.ceil(lines / 10), { badFirst: true }, say);
rmSync(join(folder, 'few'), { recursive: true });
const many = await carryMany(join(folder, 'many'), lines, { badFirst: false }, say);
for (const name of Object.keys(many) as (keyof CarriedMemory)[]) {
  const growth = many[name] - few[name];
  const faults = [
    ...(many[name] > LARGEST_BYTES_MAX ? [`ABOVE its limit of ${mebibytes(LARGEST_BYTES_MAX)}`] : []),
    ...(growth > GROWTH_BYTES_MAX ? [`GREW by more than ${mebibytes(GROWTH_BYTES_MAX)}`] : []),
  ];
  say(
    `${name}: ${mebibytes(many[name])} at the most, ${mebibytes(few[name])} with a tenth of the keys${faults.map((fault) => `: ${fault}`).join('')}`,
  );
  if (faults.length > 0) process.exitCode = 1;
}
