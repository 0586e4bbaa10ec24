/** A few rounds of `npm run crashes -- --kind full`. */
import { test } from 'node:test';
import { runAFew, unlessPossible } from './run-a-few.ts';

test(
  'a server on a full disk gives out keys, takes none, starts, and heals',
  {
    skip: unlessPossible('full'),
  },
  () => runAFew('full', 2),
);
