/** A failover to a standby that did not have everything is noticed, and recorded before anything else is written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { losing, noted, opened, skip, withPair } from './primary-and-standby.ts';
import { record } from './contract-writing.ts';

test(
  'a failover to a standby that had not everything is noticed before the next work, once',
  { skip, timeout: 120_000 },
  () =>
    withPair([], async (pair) => {
      const store = await opened(pair);
      const setbacks = noted(store);
      await losing(pair, store);
      await record(store, [7]);
      assert.deepEqual(
        setbacks.map(({ lost }) => lost?.keys),
        [{ seen: 6, kept: 3 }],
      );
      await record(store, [8]);
      assert.equal(setbacks.length, 1);
      assert.equal((await store.reader.head()).seq, 5);
      await store.close();
    }),
);
