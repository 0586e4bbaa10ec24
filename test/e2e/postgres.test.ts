/** A server on PostgreSQL as people run it: moved there whole, restored into it whole, killed and started again. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseDatabasePlace } from '#store/postgres/place.ts';
import { newDatabaseUrl, sharedPostgres } from '#test/support/postgres.ts';
import { postgresPrograms } from '#test/support/postgres-programs.ts';
import { doneJson, organisation, refusedWith } from '#test/support/organisation.ts';
import { runKeystair } from '#test/support/run-keystair.ts';
import { startServer } from '#test/support/running-server.ts';
import { missing } from '../store/system-tools.ts';

const programs = postgresPrograms();
const skip = missing(programs !== undefined, 'install postgresql');
const place = organisation('postgres');

async function newDatabase(): Promise<string> {
  return newDatabaseUrl(await sharedPostgres(programs!));
}

test('a server is moved into a database and is the same server; its directory never serves again', {
  skip,
}, async () => {
  const lyon = await place.server('Lyon');
  const laptop = await place.enrol('laptop', lyon);
  const key = await laptop.encrypt('text', place.path('before.age'), { newIdentity: true });
  const { epoch } = await lyon.call('serverStatus', {});
  const url = await newDatabase();
  const migrate = ['server', 'migrate', '--data', lyon.data, '--to', url, '--json'];
  refusedWith(await runKeystair(migrate), 'data-in-use');
  const { listen } = lyon;
  await lyon.stop();
  const moved = doneJson(await runKeystair(migrate)) as {
    tables: Record<string, { rows: number; digest: string }>;
  };
  assert.equal(moved.tables['keys']?.rows, 1);
  assert.match(moved.tables['audit']?.digest ?? '', /^[0-9a-f]{64}$/);

  refusedWith(await runKeystair(['server', 'start', '--data', lyon.data, '--listen', listen]), 'data-moved');
  refusedWith(await runKeystair(migrate), 'data-moved');

  const again = await place.server('Lyon', {
    data: lyon.data,
    args: ['--database', url, '--listen', listen],
  });
  const status = await again.call('serverStatus', {});
  assert.deepEqual([status.server.id, status.epoch, status.database.kind], [lyon.id, epoch, 'postgresql']);
  assert.deepEqual(await again.keyIds(), [key]);
  const second = await laptop.encrypt('text', place.path('after.age'), { newIdentity: true });
  assert.deepEqual([...(await again.keyIds())].toSorted(), [key, second].toSorted());
  assert.deepEqual((await again.call('verify', {})).problems, []);

  process.kill(again.pid, 'SIGKILL');
  const third = await startServer(lyon.data, ['--database', url, '--listen', listen]);
  await laptop.heartbeat();
  assert.equal(await third.stop(), 0);
});

test('a backup of either kind opens in the other, and in a database only whole', {
  skip,
  timeout: 120_000,
}, async () => {
  const rome = await place.server('Rome');
  const laptop = await place.enrol('rome-laptop', rome);
  const key = await laptop.encrypt('text', place.path('rome.age'), { newIdentity: true });
  const [file, password] = [place.path('rome.backup'), place.path('rome.password')];
  writeFileSync(password, 'seven words that nobody would ever guess at all\n', { mode: 0o600 });
  await rome.done(['server', 'backup', file, '--password-file', password]);
  const { listen } = rome;
  await rome.stop();

  const url = await newDatabase();
  const data = place.path('rome-restored');
  const restore = ['server', 'restore', file, '--data', data, '--database', url, '--password-file', password];
  const cut = place.path('cut.backup');
  writeFileSync(cut, readFileSync(file).subarray(0, 3000));
  refusedWith(await runKeystair(restore.with(2, cut)), 'backup-damaged');
  // One that was killed leaves the mark, and some rows.
  const { openPostgresStore } = await import('#store/postgres/open-postgres-store.ts');
  const broken = await openPostgresStore({
    place: { ...parseDatabasePlace(url), password: undefined, ca: undefined },
    filling: 'a restore',
    onFatal: () => assert.fail(),
  });
  await broken.write((transaction) =>
    transaction.putRow({ kind: 'setting', id: 'left', body: '{}', mac: new Uint8Array(32) }),
  );
  await broken.close();
  const start = ['server', 'start', '--data', data, '--listen', listen, '--database', url];
  refusedWith(await runKeystair(start), 'data-damaged');

  doneJson(await runKeystair([...restore, '--json']));
  refusedWith(await runKeystair(restore), 'already-exists');
  const again = await place.server('Rome', { data, args: ['--database', url, '--listen', listen] });
  assert.deepEqual([again.id, await again.keyIds()], [rome.id, [key]]);
  await laptop.heartbeat();
  assert.deepEqual((await again.call('verify', {})).problems, []);
  refusedWith(await runKeystair(restore), 'data-in-use');

  const back = place.path('rome-back.backup');
  await again.done(['server', 'backup', back, '--password-file', password]);
  await again.stop();
  const directory = place.path('rome-back');
  doneJson(
    await runKeystair([
      'server',
      'restore',
      back,
      '--data',
      directory,
      '--password-file',
      password,
      '--json',
    ]),
  );
  const embedded = await place.server('Rome', { data: directory, args: ['--listen', listen] });
  assert.deepEqual([embedded.id, await embedded.keyIds()], [rome.id, [key]]);
});

test('a directory with a repository of its own is not served from a database', { skip }, async () => {
  const oslo = await place.server('Oslo');
  await oslo.stop();
  const start = [
    'server',
    'start',
    '--data',
    oslo.data,
    '--listen',
    '127.0.0.1:0',
    '--database',
    await newDatabase(),
  ];
  refusedWith(await runKeystair(start), 'already-exists');
});

test('a password in the address is refused, and not repeated', async () => {
  const url = 'postgres://keystair:hunter22@db.example/keystair';
  const ran = await runKeystair(['server', 'start', '--data', place.path('none'), '--database', url]);
  const sentence = refusedWith(ran, 'invalid-argument');
  assert.ok(!sentence.includes('hunter22'));
});
