/** A few rounds of `npm run crashes -- --kind power`. */
import { test } from 'node:test';
import { runAFew, unlessPossible } from './run-a-few.ts';

test(
  'a power cut at any moment loses nothing that was acknowledged; without syncs it does',
  {
    skip: unlessPossible('power'),
  },
  () => runAFew('power', 2),
);
