/** A few harms of hostile neighbours, each for a moment. `npm run hostile -- --kind members` does all of them at length. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runMembers } from './run-members.ts';

/** Always in the same order. */
const SEED = 1;
const HARM_MS = 1;

/** One for each bound, of either side. */
const HARMS = [
  'lists of secondaries with tens of thousands of wrong entries',
  'JSON nested as deep as a request is long',
  'ever other claims for a key that is there',
  'lines of a transmission in another order, twice, or not at all',
  'bodies that come byte by byte',
  'a transmission without end',
  'requests that are none, of a stranger',
  'hundreds of handshakes that stop half-way',
  'answers that come byte by byte',
  'cursors at random, and the tree wanted each time',
];

test('hostile neighbours end no server, fill no memory, and leave the keys of honest devices where they were', async (t) => {
  const { outcomes, wrongs } = await runMembers(
    { rounds: 1, least: 1, seed: SEED, end: performance.now() + HARM_MS, say: (note) => t.diagnostic(note) },
    HARMS,
  );
  assert.deepEqual(wrongs, []);
  assert.ok(outcomes['400']! > 0, 'and they were heard');
});
