/** The bugs that `npm run crashes -- --planted` plants. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misfits, readProgram } from '#test/simulation/planted/plant.ts';
import { CRASH_KINDS } from './crash-kinds.ts';
import { CRASH_BUGS } from './planted/crash-bugs.ts';

test('there is a bug to plant for every kind of crash, and each fits the program as it is', () => {
  const program = readProgram();
  assert.deepEqual(
    CRASH_BUGS.flatMap((bug) => misfits(bug, program)),
    [],
  );
  for (const { name } of CRASH_KINDS) assert.ok(CRASH_BUGS.some(({ kind }) => kind === name));
});
