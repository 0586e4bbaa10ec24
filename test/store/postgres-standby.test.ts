/** A PostgreSQL whose standby is away: what no standby has is not acknowledged, however the wait for it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, type KeystairError } from '#domain/errors.ts';
import { connectToPrimary } from '#store/postgres/hosts.ts';
import { openPostgresStore } from '#store/postgres/open-postgres-store.ts';
import type { DatabasePlace } from '#store/postgres/place.ts';
import type { Store } from '#store/store.ts';
import { PostgresInstance } from '#test/support/postgres.ts';
import { postgresPrograms } from '#test/support/postgres-programs.ts';
import { record } from './contract-writing.ts';
import { keyId } from './stored-rows.ts';
import { missing } from './system-tools.ts';

const programs = postgresPrograms();
const skip = missing(programs !== undefined, 'install postgresql');

function onFatal(error: KeystairError): never {
  throw error;
}

/** Opens a store at a primary that waits for a standby which is not there. */
async function withoutStandby(
  body: (store: Store, place: DatabasePlace, instance: PostgresInstance) => Promise<void>,
) {
  const instance = await PostgresInstance.start(programs!);
  try {
    const place = instance.place('postgres');
    const store = await openPostgresStore({ place, onFatal });
    await record(store, [1]);
    const session = await connectToPrimary(place);
    await session.query("ALTER SYSTEM SET synchronous_standby_names = 'away'");
    await session.query('SELECT pg_reload_conf()');
    await sleep(300);
    try {
      await body(store, place, instance);
    } finally {
      await session.query("ALTER SYSTEM SET synchronous_standby_names = ''");
      await session.query('SELECT pg_reload_conf()');
      await session.end();
      await store.close();
    }
  } finally {
    await instance.remove();
  }
}

test(
  'a commit whose wait for the standby was cancelled is not acknowledged before a later one came through',
  { skip, timeout: 90_000 },
  () =>
    withoutStandby(async (store, place) => {
      let answered: string | undefined;
      const work = record(store, [2]).then(
        () => (answered = 'acknowledged'),
        (error: unknown) => (answered = codeOf(error)),
      );
      await sleep(500);
      const other = await connectToPrimary(place);
      const cancel = () =>
        other.query("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
      await cancel();
      await sleep(1500);
      // Committed here, as everyone can see, and on no standby.
      const { rows } = await other.query('SELECT count(*) FROM keystair.keys');
      assert.equal(rows[0]?.[0], 2);
      assert.equal(answered, undefined, 'nobody was told');
      await other.query("ALTER SYSTEM SET synchronous_standby_names = ''");
      await other.query('SELECT pg_reload_conf()');
      await work;
      assert.equal(answered, 'acknowledged');
      await other.end();
    }),
);

test(
  'a key that is known already is not acknowledged while the standby is away either',
  { skip, timeout: 90_000 },
  () =>
    withoutStandby(async (store, place) => {
      let answered = false;
      const work = store
        .write(async (transaction) => (await transaction.knownKeys([keyId(1)])).size)
        .then(() => (answered = true));
      await sleep(1000);
      assert.equal(answered, false);
      const other = await connectToPrimary(place);
      await other.query("ALTER SYSTEM SET synchronous_standby_names = ''");
      await other.query('SELECT pg_reload_conf()');
      await work;
      await other.end();
    }),
);
