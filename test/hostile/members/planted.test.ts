/** The bounds that `npm run hostile -- --kind members --planted` takes away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misfits, readProgram } from '#test/simulation/planted/plant.ts';
import { MEMBER_BUGS } from './planted/member-bugs.ts';

test('each bound that is taken away is a definition of the program as it is', () => {
  const program = readProgram();
  assert.deepEqual(
    MEMBER_BUGS.flatMap((bug) => misfits(bug, program)),
    [],
  );
});
