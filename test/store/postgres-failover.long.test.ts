/**
 * Failovers of every kind, with real primaries and standbys: what was lost is recorded or nothing is written, an older
 * primary that comes back is refused until a person accepts it, and a synchronous standby loses nothing.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { acceptRollback } from '#server/accept-rollback.ts';
import { ROLLED_BACK } from '#test/sentences/rolled-back.ts';
import { eventually } from '#test/support/eventually.ts';
import { PostgresInstance } from '#test/support/postgres.ts';
import { record } from './contract-writing.ts';
import {
  caughtUp,
  failOver,
  losing,
  noted,
  opened,
  programs,
  rolledBack,
  skip,
  withPair,
} from './primary-and-standby.ts';

test(
  'a server that was not running while its database lost commits finds it at its start',
  { skip, timeout: 120_000 },
  () =>
    withPair([], async (pair) => {
      const first = await opened(pair);
      await losing(pair, first);
      await first.close().catch(() => undefined);
      const second = await opened(pair);
      // Until somebody can record it, a group that writes nothing does not make it forgotten.
      await second.write(async () => undefined);
      await second.close();
      const third = await opened(pair);
      const setbacks = noted(third);
      await third.write(async () => undefined);
      assert.deepEqual(
        setbacks.map(({ lost }) => lost?.keys),
        [{ seen: 6, kept: 3 }],
      );
      await third.close();
      const last = await opened(pair);
      const again = noted(last);
      await last.write(async () => undefined);
      assert.deepEqual(again, [], 'it is healed');
      await last.close();
    }),
);

test('what was lost is recorded or nothing is written', { skip, timeout: 120_000 }, () =>
  withPair([], async (pair) => {
    const store = await opened(pair);
    let refusing = true;
    store.whenSetBack!(async () => {
      if (refusing) throw new KeystairError('later', 'not now');
    });
    await losing(pair, store);
    await assert.rejects(record(store, [7]), { code: 'later' });
    assert.equal((await store.reader.head()).seq, 3);
    refusing = false;
    await record(store, [7]);
    await store.close();
  }),
);

test(
  'a failover to a synchronous standby loses nothing, and nothing is said to be lost',
  { skip, timeout: 120_000 },
  () =>
    withPair(['synchronous_standby_names=*'], async (pair) => {
      const store = await opened(pair);
      const setbacks = noted(store);
      await record(store, [1, 2, 3]);
      await failOver(pair);
      await record(store, [4]);
      assert.deepEqual(setbacks, []);
      assert.equal((await store.reader.head()).seq, 4);
      await store.close();
    }),
);

function isMet(directory: string): boolean {
  return readFileSync(join(directory, 'last-seen.json'), 'utf8').includes('"met"');
}

test(
  'an older primary that comes back is written to only after a person accepted it',
  { skip, timeout: 120_000 },
  () =>
    withPair([], async (pair) => {
      const told: string[] = [];
      const store = await opened(pair, {
        patienceMs: 0,
        onTrouble: ({ message }) => void told.push(message),
      });
      const setbacks = noted(store);
      assert.throws(() => acceptRollback(pair.directory), { code: 'not-found' });
      await rolledBack(pair, store);
      await assert.rejects(record(store, [6]), (error: KeystairError) => {
        assert.equal(error.code, 'database-rolled-back');
        assert.ok(!error.message.includes(pair.primary.folder), 'callers are not told where it is');
        return true;
      });
      assert.match(told.at(-1) ?? '', ROLLED_BACK.older);
      const [[kept] = []] = await pair.primary.ask('SELECT max(seq) FROM keystair.keys');
      assert.equal(kept, 3, 'nothing was written');
      // The file is written at most once a second.
      await eventually('the older past is noted', () => isMet(pair.directory));
      acceptRollback(pair.directory);
      await record(store, [6]);
      assert.equal(setbacks.length, 1);
      assert.deepEqual(setbacks[0]?.lost?.keys, { seen: 5, kept: 3 });
      assert.deepEqual([setbacks[0]?.accepted?.seen.timeline, setbacks[0]?.accepted?.found.timeline], [2, 1]);
      await store.close();
      const again = await opened(pair);
      const none = noted(again);
      await record(again, [7]);
      assert.deepEqual(none, []);
      await again.close();
    }),
);

test(
  'while an older primary may still be demoted, callers are told to come later',
  { skip, timeout: 120_000 },
  () =>
    withPair([], async (pair) => {
      const store = await opened(pair);
      await rolledBack(pair, store);
      await assert.rejects(store.snapshot(), { code: 'database-unreachable' });
      await pair.standby.run();
      // The newer one is back, and the older one is passed over.
      await record(store, [6]);
      assert.equal((await store.reader.head()).seq, 6);
      await store.close();
    }),
);

test(
  'a start on an older primary, on another instance and on an emptied database is refused',
  { skip, timeout: 120_000 },
  () =>
    withPair([], async (pair) => {
      const store = await opened(pair);
      await rolledBack(pair, store);
      await store.close().catch(() => undefined);
      await assert.rejects(opened(pair), { code: 'database-rolled-back' });
      const other = await PostgresInstance.start(programs!);
      try {
        const elsewhere = { place: other.place('postgres'), directory: pair.directory };
        await assert.rejects(opened(elsewhere), (error: KeystairError) => {
          assert.equal(codeOf(error), 'database-rolled-back');
          assert.match(error.message, ROLLED_BACK.another);
          return true;
        });
        acceptRollback(pair.directory);
        // Accepted, but there is nothing in it.
        await assert.rejects(opened(elsewhere), ROLLED_BACK.emptied);
        const [[made] = []] = await other.ask("SELECT to_regclass('keystair.keys')");
        assert.equal(made, null);
      } finally {
        await other.remove();
      }
    }),
);

test(
  'a primary that was replaced and does not know it is left for the one that took its place',
  {
    skip,
    timeout: 180_000,
  },
  () =>
    withPair(['synchronous_standby_names=*'], async (pair) => {
      const store = await opened(pair);
      await record(store, [1, 2, 3]);
      await caughtUp(pair);
      // The old one still takes connections, and waits for a standby that is none any more.
      await pair.standby.ask('SELECT pg_promote()');
      await eventually('the other one is a primary', async () => {
        const [row] = await pair.standby.ask('SELECT pg_is_in_recovery()');
        return row?.[0] === false;
      });
      let next = 3;
      await eventually('a key is recorded at the one that took over', async () => {
        next += 1;
        return record(store, [next]).then(
          () => true,
          (error: unknown) => {
            assert.match(codeOf(error) ?? String(error), /^(outcome-unknown|database-unreachable|later)$/);
            return false;
          },
        );
      });
      const [there] = await pair.standby.ask('SELECT max(seq) FROM keystair.keys');
      for (let reader = 0; reader < 8; reader += 1)
        assert.equal((await store.reader.head()).seq, there?.[0], 'no reader stays behind');
      await store.close();
    }),
);
