/** The bounds that `npm run hostile -- --kind members --planted` takes away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MEMBER_BUGS } from './planted/member-bugs.ts';
import { misfitsOf } from './planted/seek-member-bugs.ts';

test('each bound that is taken away is a definition of the program as it is', () => {
  assert.deepEqual(
    MEMBER_BUGS.flatMap((bug) => misfitsOf(bug)),
    [],
  );
});
