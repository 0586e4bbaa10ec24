/** How far a long command is, in words that a person waits by. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgress, inKeys, inMegabytes, timeWords } from '#cli/progress.ts';

// The clock begins with the process.
function painted(steps: readonly (readonly [ms: number, done: number, of: number | undefined])[]): string[] {
  const lines: string[] = [];
  let now = 0;
  const terminal = { paint: (line: string) => void lines.push(line) };
  const progress = createProgress(terminal, 'Checking', () => now, inMegabytes);
  for (const [ms, done, of] of steps) {
    now = ms;
    progress.at(done, of);
  }
  progress.end();
  return lines;
}

test('the share, the rate and the time left are told, and the line is gone at the end', () => {
  const lines = painted([
    [0, 0, 100e6],
    [1000, 10e6, 100e6],
    [2000, 50e6, 100e6],
  ]);
  assert.deepEqual(lines, [
    'Checking 0 %',
    'Checking 10 %, 10.0 MB/s, 9 s left',
    'Checking 50 %, 25.0 MB/s, 2 s left',
    '',
  ]);
});

test('of what comes through a pipe nobody knows the end, and none is promised', () => {
  const lines = painted([
    [0, 1e6, undefined],
    [1000, 21e6, undefined],
  ]);
  assert.deepEqual(lines, ['Checking 1.0 MB', 'Checking 21.0 MB, 20.0 MB/s', '']);
});

test('it is not painted more often than it can be read', () => {
  const lines = painted(Array.from({ length: 1000 }, (_, ms) => [ms, ms, 1000] as const));
  assert.ok(lines.length <= 7, `${lines.length} lines in a second`);
});

test('time left is as exact as such an estimate deserves', () => {
  assert.deepEqual([0, 0.2, 59.9, 125, 3599.5, 12_000].map(timeWords), [
    '0 s',
    '1 s',
    '1 min 0 s',
    '2 min 5 s',
    '1 h 0 min',
    '3 h 20 min',
  ]);
});

test('keys are counted whole', () => {
  assert.equal(inKeys(12_345.6), '12346 keys');
});
