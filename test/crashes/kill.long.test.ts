/** A few rounds of `npm run crashes -- --kind kill`. */
import { test } from 'node:test';
import { runAFew, unlessPossible } from './run-a-few.ts';

test(
  'agents and servers killed at any moment lose nothing that was acknowledged, and their tree comes to rest',
  {
    skip: unlessPossible('kill'),
  },
  () => runAFew('kill', 2),
);
