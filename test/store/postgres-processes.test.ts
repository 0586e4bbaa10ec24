/**
 * Several processes over one repository in PostgreSQL: they take turns without a gap, hear of each other's changes before
 * they work on, and do once what must be done once. One that stood still changes nothing when it wakes up.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { KeystairError } from '#domain/errors.ts';
import { connectToPrimary } from '#store/postgres/hosts.ts';
import { type FilledStore, openPostgresStore } from '#store/postgres/open-postgres-store.ts';
import type { DatabasePlace } from '#store/postgres/place.ts';
import type { Leader } from '#store/processes.ts';
import type { TrustedRow } from '#store/rows.ts';
import { eventually } from '#test/support/eventually.ts';
import { sharedPostgres } from '#test/support/postgres.ts';
import { postgresPrograms } from '#test/support/postgres-programs.ts';
import { staged } from './contract-staging.ts';
import { record } from './contract-writing.ts';
import { missing } from './system-tools.ts';

const programs = postgresPrograms();
const skip = missing(programs !== undefined, 'install postgresql');

const fatal: string[] = [];
function onFatal(error: KeystairError): never {
  fatal.push(error.code);
  return undefined as never;
}

/** Stores of processes on one new database; closed when the test ends. */
async function processes(
  t: TestContext,
  count: number,
): Promise<{ place: DatabasePlace; stores: FilledStore[] }> {
  const place = await (await sharedPostgres(programs!)).newDatabase();
  const stores = await Promise.all(
    Array.from({ length: count }, () => openPostgresStore({ place, onFatal })),
  );
  t.after(async () => {
    for (const store of stores) await store.close();
  });
  return { place, stores };
}

/** Says what it is told. */
class ToldLeader implements Leader {
  readonly told: string[] = [];

  begin(): void {
    this.told.push('begin');
  }

  async end(): Promise<void> {
    this.told.push('end');
  }

  processEnded(): void {
    this.told.push('process ended');
  }
}

const OPTIONS: TrustedRow = { kind: 'setting', id: 'options', body: '{}', mac: new Uint8Array(32) };

test('two processes open an empty database at once, and their keys share one sequence without a gap', {
  skip,
}, async (t) => {
  const { place, stores } = await processes(t, 2);
  await Promise.all(Array.from({ length: 40 }, (_, at) => record(stores[at % 2]!, [at + 1])));
  const session = await connectToPrimary(place);
  const { rows } = await session.query('SELECT seq FROM keystair.keys ORDER BY seq');
  await session.end();
  assert.deepEqual(
    rows.map(([seq]) => seq),
    Array.from({ length: 40 }, (_, at) => at + 1),
  );
});

test('a change of one process is heard by the other before its next work, and by an idle one soon', {
  skip,
}, async (t) => {
  const {
    stores: [first, second],
  } = await processes(t, 2);
  const heard: string[] = [];
  second!.processes!.onChange(async (reader) => {
    heard.push((await reader.row('setting', 'options'))?.body ?? 'none');
  });
  await first!.write((transaction) => transaction.putRow(OPTIONS));
  let before = -1;
  await second!.write(async () => {
    before = heard.length;
  });
  assert.ok(before > 0, 'it heard before it worked');
  assert.equal(heard.at(-1), '{}');

  await first!.write((transaction) => transaction.putRow({ ...OPTIONS, body: '{"a":1}' }));
  await eventually('the idle process hears', async () => heard.at(-1) === '{"a":1}');
  await first!.write((transaction) => transaction.putRow({ ...OPTIONS, body: '{"a":2}' }));
  await first!.processes!.settled();
  assert.equal(heard.at(-1), '{"a":2}', 'it had heard when the first one went on');
});

test('a process that cannot hear of a change works on nothing', { skip }, async (t) => {
  const {
    stores: [first, second],
  } = await processes(t, 2);
  await first!.write((transaction) => transaction.putRow(OPTIONS));
  second!.processes!.onChange(async () => {
    throw new Error('the row does not open');
  });
  // The idle one may have looked before: one more change that it has not heard of.
  await first!.write((transaction) => transaction.putRow({ ...OPTIONS, body: '{"a":1}' }));
  await assert.rejects(record(second!, [1]), /does not open/);
  assert.equal((await first!.reader.head()).seq, 0);
});

test('keys that one process records wake the others', { skip }, async (t) => {
  const {
    stores: [first, second],
  } = await processes(t, 2);
  let woken = 0;
  second!.processes!.onRecorded(({ keys }) => {
    if (keys) woken += 1;
  });
  await eventually('the other is woken', async () => {
    await first!.processes!.announce({});
    await record(first!, [(await first!.reader.head()).seq + 1]);
    return woken > 0;
  });
});

test('one process leads; when it ends in order the next one takes over, and what is led is refused elsewhere', {
  skip,
}, async (t) => {
  const {
    stores: [first, second],
  } = await processes(t, 2);
  const leaders = [new ToldLeader(), new ToldLeader()] as const;
  first!.processes!.lead(leaders[0]);
  await eventually('the first leads', async () => first!.processes!.leads);
  second!.processes!.lead(leaders[1]);
  await second!.processes!.announce({ state: 'serving' });
  assert.equal(second!.processes!.leads, false);
  await assert.rejects(
    second!.write((transaction) => transaction.putRow(OPTIONS), { led: true }),
    { code: 'interrupted' },
  );
  await first!.write((transaction) => transaction.putRow(OPTIONS), { led: true });
  assert.deepEqual(
    (await second!.processes!.living()).flatMap(({ id, leads }) => (leads ? [id] : [])),
    [first!.processes!.process],
  );

  await first!.close();
  assert.deepEqual(leaders[0].told, ['begin', 'end']);
  await eventually('the second leads', async () => second!.processes!.leads);
  assert.deepEqual(leaders[1].told, ['begin']);
});

test('a leader that stood still too long changes nothing under its lead when it wakes up', {
  skip,
}, async (t) => {
  const {
    place,
    stores: [paused, other],
  } = await processes(t, 2);
  const leader = new ToldLeader();
  paused!.processes!.lead(leader);
  await eventually('the first leads', async () => paused!.processes!.leads);
  const session = await connectToPrimary(place);
  // As if the other one had taken it meanwhile.
  await session.query(
    `UPDATE keystair.leases SET holder = '${other!.processes!.process}', fence = fence + 1`,
  );
  await session.end();
  await assert.rejects(
    paused!.write((transaction) => transaction.putRow(OPTIONS), { led: true }),
    { code: 'interrupted' },
  );
  await record(paused!, [1]);
  await eventually('it ends its work', async () => leader.told.includes('end'));
  assert.equal(paused!.processes!.leads, false);
});

test('a process whose row was removed writes nothing more, and ends', { skip }, async (t) => {
  const {
    place,
    stores: [gone, other],
  } = await processes(t, 2);
  fatal.length = 0;
  const session = await connectToPrimary(place);
  await session.query(`DELETE FROM keystair.processes WHERE id = '${gone!.processes!.process}'`);
  await session.end();
  await assert.rejects(record(gone!, [1]), { code: 'data-in-use' });
  assert.ok(fatal.includes('data-in-use'));
  await record(other!, [2]);
  assert.equal((await other!.reader.head()).seq, 1);
});

test('what a living process stages is held, and free when it ended', { skip }, async (t) => {
  const {
    stores: [first, second],
  } = await processes(t, 2);
  const importId = '0192f0c1-0000-7000-8000-000000000001';
  await first!.write((transaction) => transaction.stageKeys(importId, [staged(1)]));
  assert.deepEqual([...(await second!.processes!.heldStages())], [importId]);
  await first!.close();
  assert.deepEqual([...(await second!.processes!.heldStages())], []);
  assert.deepEqual(await second!.reader.stagedImports(), [importId]);
});

test('a database that is served is not filled', { skip }, async (t) => {
  const { place } = await processes(t, 1);
  await assert.rejects(openPostgresStore({ place, onFatal, filling: 'a migration', aloneWaitMs: 0 }), {
    code: 'data-in-use',
  });
});
