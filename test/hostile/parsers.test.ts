/** Parsers of what others write. `npm run hostile -- --kind parsers` does more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runParsers } from './parsers/run-parsers.ts';

/** Fixed, so that a run here finds what every other finds. */
const SEED = 1;
const RUNS = 1000;

test('whatever is put before a parser, it reads it or refuses it with a code, and takes no second over it', async (t) => {
  const { rounds, classes, outcomes, wrongs } = await runParsers({
    rounds: RUNS,
    least: RUNS,
    seed: SEED,
    end: 0,
  });
  t.diagnostic(`${classes} parsers, ${rounds} runs each, ${outcomes['inputs']} inputs`);
  assert.deepEqual(wrongs, []);
});
