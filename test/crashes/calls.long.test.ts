/** A few rounds of `npm run crashes -- --kind calls`. */
import { test } from 'node:test';
import { runAFew, unlessPossible } from './run-a-few.ts';

test(
  'a system call that fails gives an error or a right answer, and a failed sync ends the process',
  {
    skip: unlessPossible('calls'),
  },
  () => runAFew('calls', 2),
);
