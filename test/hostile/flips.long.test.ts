/** One bit turned over in every class of byte that a server, a device or a courier keeps. `npm run hostile` does more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFlips } from './flips/run-flips.ts';

/** Fixed, so that a run here finds what every other finds. */
const SEED = 1;
/** Each class once; files more. */
const ROUNDS = 120;

test('a flipped bit is found, or changes nothing that anybody reads, and lets nobody in', async (t) => {
  const { rounds, classes, outcomes, wrongs } = await runFlips({
    rounds: ROUNDS,
    least: ROUNDS,
    seed: SEED,
    end: 0,
  });
  t.diagnostic(`${rounds} rounds over ${classes} classes: ${JSON.stringify(outcomes)}`);
  assert.deepEqual(wrongs, []);
  assert.ok(outcomes['found']! > ROUNDS / 3, 'bits are found');
});
