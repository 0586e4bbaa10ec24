/**
 * A PostgreSQL that fails: connections cut anywhere, commits whose outcome is lost, and
 * settings that would lose keys. Nothing acknowledged is lost, and nothing is
 * acknowledged that is not known.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, type KeystairError } from '#domain/errors.ts';
import { connectToPrimary } from '#store/postgres/hosts.ts';
import { openPostgresStore } from '#store/postgres/open-postgres-store.ts';
import type { DatabasePlace } from '#store/postgres/place.ts';
import { PostgresInstance, sharedPostgres } from '#test/support/postgres.ts';
import { postgresPrograms } from '#test/support/postgres-programs.ts';
import { record } from './contract-writing.ts';
import { CuttableWay } from './cuttable-way.ts';
import { keyId } from './stored-rows.ts';
import { missing } from './system-tools.ts';

const programs = postgresPrograms();
const skip = missing(programs !== undefined, 'install postgresql');

function onFatal(error: KeystairError): never {
  throw error;
}

async function newPlace(): Promise<DatabasePlace> {
  return (await sharedPostgres(programs!)).newDatabase();
}

async function recordedIds(place: DatabasePlace): Promise<Set<string>> {
  const session = await connectToPrimary(place);
  const { rows } = await session.query('SELECT id, seq FROM keystair.keys ORDER BY seq');
  await session.end();
  assert.deepEqual(
    rows.map(([, seq]) => seq),
    rows.map((_, at) => at + 1),
    'no gap',
  );
  return new Set(rows.map(([id]) => id as string));
}

test('a connection that is cut at any byte loses nothing acknowledged, and nothing refused is there', {
  skip,
  timeout: 240_000,
}, async () => {
  const instance = await sharedPostgres(programs!);
  const place = await instance.newDatabase();
  const way = new CuttableWay(join(instance.folder, `.s.PGSQL.${instance.port}`));
  await way.open();
  const store = await openPostgresStore({
    place: { ...place, hosts: [{ host: '127.0.0.1', port: way.port }] },
    onFatal,
  });
  const acknowledged = new Set<string>();
  const refused = new Set<string>();
  const unknown = new Set<string>();
  let n = 0;
  /** Records three keys at once, each in a work of its own. */
  const round = async (): Promise<void> => {
    const works = [n + 1, n + 2, n + 3].map(async (at) => {
      try {
        await record(store, [at]);
        acknowledged.add(keyId(at));
      } catch (error) {
        const code = codeOf(error);
        assert.ok(code === 'database-unreachable' || code === 'outcome-unknown', String(error));
        (code === 'outcome-unknown' ? unknown : refused).add(keyId(at));
      }
    });
    n += 3;
    await Promise.all(works);
  };
  await round();
  // A group sends some 2 kB and is answered with less; each round is cut a little later than the one before.
  for (let bytes = 3; bytes < 3000; bytes += 61) {
    way.cutAfterSent = bytes;
    await round();
  }
  for (let bytes = 3; bytes < 1100; bytes += 23) {
    way.cutAfterSent = Infinity;
    way.cutAfterAnswered = bytes;
    await round();
  }
  way.cutAfterAnswered = Infinity;
  await round();
  await store.close();
  await way.close();
  const there = await recordedIds(place);
  assert.ok(way.cuts > 50, 'it was cut');
  assert.deepEqual(
    [...acknowledged].filter((id) => !there.has(id)),
    [],
    'acknowledged and lost',
  );
  assert.deepEqual(
    [...refused].filter((id) => there.has(id)),
    [],
    'refused and there',
  );
  assert.equal(acknowledged.size + refused.size + unknown.size, n);
  assert.ok(acknowledged.size > 10 && refused.size > 10, `${acknowledged.size} and ${refused.size}`);
});

test('a work that fails with a cut connection is refused, and the next one goes on', { skip }, async () => {
  const place = await newPlace();
  const store = await openPostgresStore({ place, onFatal });
  await record(store, [1]);
  const killer = await connectToPrimary(place);
  const failing = store.write(async (transaction) => {
    await transaction.keysAfter(0, 10);
    await killer.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in%'",
    );
    await transaction.keysAfter(0, 10);
  });
  await assert.rejects(failing, { code: 'database-unreachable' });
  await record(store, [2]);
  assert.equal((await store.reader.head()).seq, 2);
  await killer.end();
  await store.close();
});

test('a database that stays away is told of once for all that waited, by its address only in the log', {
  skip,
}, async () => {
  const instance = await sharedPostgres(programs!);
  const place = await instance.newDatabase();
  const way = new CuttableWay(join(instance.folder, `.s.PGSQL.${instance.port}`));
  await way.open();
  const told: KeystairError[] = [];
  const store = await openPostgresStore({
    place: { ...place, hosts: [{ host: '127.0.0.1', port: way.port }] },
    onFatal,
    onTrouble: (error) => told.push(error),
  });
  await record(store, [1]);
  const { port } = way;
  await way.close();
  const works = await Promise.allSettled([record(store, [2]), record(store, [3]), record(store, [4])]);
  for (const work of works) {
    assert.ok(work.status === 'rejected');
    assert.equal(codeOf(work.reason), 'database-unreachable');
    assert.doesNotMatch((work.reason as Error).message, /127\.0\.0\.1/);
  }
  assert.equal(told.length, 1);
  assert.match(told[0]!.message, new RegExp(`127\\.0\\.0\\.1:${port}`));
  await store.close();
});

for (const [setting, what] of [
  ['fsync=off', 'fsync'],
  ['full_page_writes=off', 'full_page_writes'],
  ['synchronous_commit=local', 'synchronous_commit'],
  ['synchronous_commit=off', 'synchronous_commit'],
] as const) {
  test(`a database with ${setting} is refused, for it would lose keys`, { skip }, async () => {
    const instance = await PostgresInstance.start(programs!, [], false);
    try {
      await instance.run([setting], false);
      await assert.rejects(
        openPostgresStore({ place: instance.place('postgres'), onFatal }),
        (error: KeystairError) => {
          assert.equal(error.code, 'database-unsafe');
          assert.match(error.message, new RegExp(what));
          return true;
        },
      );
    } finally {
      await instance.remove();
    }
  });
}

test('a database that is killed under load loses no key that was acknowledged', {
  skip,
  timeout: 120_000,
}, async () => {
  const instance = await PostgresInstance.start(programs!);
  const place = instance.place('postgres');
  const store = await openPostgresStore({ place, onFatal });
  const acknowledged = new Set<string>();
  let n = 0;
  const until = new AbortController();
  const caller = async (): Promise<void> => {
    while (!until.signal.aborted) {
      const at = (n += 1);
      try {
        await record(store, [at]);
        acknowledged.add(keyId(at));
      } catch (error) {
        assert.match(codeOf(error) ?? String(error), /database-unreachable|outcome-unknown/);
        await sleep(20);
      }
    }
  };
  const callers = Promise.all(Array.from({ length: 8 }, caller));
  for (let kills = 0; kills < 3; kills += 1) {
    await sleep(300);
    await instance.stop('SIGKILL');
    await instance.run();
  }
  await sleep(300);
  until.abort();
  await callers;
  await store.close();
  const there = await recordedIds(place);
  assert.deepEqual(
    [...acknowledged].filter((id) => !there.has(id)),
    [],
  );
  assert.ok(acknowledged.size > 20, String(acknowledged.size));
  await instance.remove();
});
