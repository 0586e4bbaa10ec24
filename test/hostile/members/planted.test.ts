/** The bounds that `npm run hostile -- --kind members --planted` takes away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misfits, readProgram } from '#test/simulation/planted/plant.ts';
import { BOUND_BUGS } from './planted/bound-bugs.ts';

test('each bound that is taken away is a definition of the program as it is', () => {
  const program = readProgram();
  assert.deepEqual(
    BOUND_BUGS.flatMap((bug) => misfits(bug, program)),
    [],
  );
});
