/**
 * Several processes that are one server, over one PostgreSQL: each obeys at once what was said at another, they do once
 * what must be done once, and devices and neighbours hardly notice when one of them dies.
 */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '#test/support/eventually.ts';
import { joinServers, organisation, type Server, setOption } from '#test/support/organisation.ts';
import { newDatabaseUrl, sharedPostgres } from '#test/support/postgres.ts';
import { postgresPrograms } from '#test/support/postgres-programs.ts';
import { NotReady } from '#test/support/running-server.ts';
import { hearsOf, startBeside } from '#test/support/several-processes.ts';
import { missing } from '../store/system-tools.ts';

const programs = postgresPrograms();
const skip = missing(programs !== undefined, 'install postgresql');
const place = organisation('processes', { passwords: 'cheap' });

async function newDatabase(): Promise<string> {
  return newDatabaseUrl(await sharedPostgres(programs!));
}

async function leads(server: Server): Promise<boolean> {
  return (await server.call('serverStatus', {})).processes[0]!.holds.includes('lead');
}

test('two first starts make one server: the second process says which file it lacks, and joins with it', {
  skip,
}, async () => {
  const url = await newDatabase();
  const args = ['--database', url];
  const started = await Promise.allSettled([
    place.server('Bergen', { args, data: place.path('bergen-a') }),
    place.server('Bergen', { args, data: place.path('bergen-b') }),
  ]);
  const [first] = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const [refused] = started.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  assert.ok(first !== undefined && refused instanceof NotReady, 'one made the server');
  assert.match(refused.log, /root-key-missing/);
  const other = place.path(first.data.endsWith('a') ? 'bergen-b' : 'bergen-a');
  assert.equal(existsSync(join(other, 'root.key')), false, 'a key that opens nothing is not left there');
  copyFileSync(join(first.data, 'root.key'), join(other, 'root.key'));
  const second = await place.server('Bergen', { args, data: other });
  assert.equal(second.id, first.id);
  const { processes } = await second.call('serverStatus', {});
  assert.deepEqual(new Set(processes.map(({ address }) => address)), new Set([first.listen, second.listen]));
  assert.deepEqual(
    processes.flatMap(({ holds }) => holds),
    ['lead'],
  );
});

test('a device goes on at the other process when its own is killed, and finds every key there', {
  skip,
  timeout: 120_000,
}, async () => {
  const url = await newDatabase();
  const first = await place.server('Lyon', { args: ['--database', url] });
  const second = await startBeside(place, first, url);
  const laptop = await place.enrol('laptop', first);
  const file = place.path('one.age');
  const key = await laptop.encrypt('text', file, { newIdentity: true });
  await hearsOf(laptop, second);
  assert.deepEqual(await second.keyIds(), [key]);

  await first.kill();
  await laptop.heartbeat();
  const later = await laptop.encrypt('more', place.path('two.age'), { newIdentity: true });
  assert.deepEqual([...(await second.keyIds())].toSorted(), [key, later].toSorted());
  await eventually('the second one leads', () => leads(second));
  await eventually('the dead one is not shown', async () => {
    const { processes } = await second.call('serverStatus', {});
    return processes.length === 1;
  });
  assert.deepEqual((await second.call('verify', {})).problems, []);
  await second.stop();
});

test('a new data key made at one process is used by the other, whose records the first one opens', {
  skip,
}, async () => {
  const url = await newDatabase();
  const first = await place.server('Oslo', { args: ['--database', url] });
  const second = await startBeside(place, first, url);
  const laptop = await place.enrol('laptop-oslo', second);
  await first.call('rotateDataKey', {});
  const key = await laptop.encrypt('text', place.path('oslo.age'), { newIdentity: true });
  const revealed = await first.call('revealKey', { id: key, reason: 'a test' });
  assert.equal(revealed.id, key);
  for (const server of [first, second]) {
    const { dataKey } = await server.call('serverStatus', {});
    assert.equal(dataKey.current, 2);
    assert.deepEqual((await server.call('verify', {})).problems, []);
  }
  await eventually('all records are under the new data key', async () => {
    const { dataKey } = await second.call('serverStatus', {});
    return dataKey.resealing === null;
  });
});

test('a key recorded at either process climbs, and an option switched at one closes the link at both', {
  skip,
  timeout: 120_000,
}, async () => {
  const root = await place.server('Root');
  const url = await newDatabase();
  const first = await place.server('Rome', { args: ['--database', url] });
  const second = await startBeside(place, first, url);
  await joinServers(first, root);
  await setOption(true, root, second);
  await eventually('the option is known at the first one', async () => {
    return (await first.call('showSettings', {})).useHierarchy;
  });
  const [tablet, phone] = [await place.enrol('tablet', first), await place.enrol('phone', second)];
  const one = await tablet.encrypt('one', place.path('rome-1.age'), { newIdentity: true });
  const two = await phone.encrypt('two', place.path('rome-2.age'), { newIdentity: true });
  await eventually('both keys climbed', async () => {
    const ids = await root.keyIds();
    return ids.includes(one) && ids.includes(two);
  });

  // A key that only the root has is found by a lookup through either process.
  const laptop = await place.enrol('root-laptop', root);
  const file = place.path('of-root.age');
  await laptop.encrypt('of root', file, { newIdentity: true });
  assert.equal(await phone.textOf(file), 'of root');

  await setOption(false, first);
  assert.equal((await second.call('showSettings', {})).useHierarchy, false);
  const other = place.path('of-root-2.age');
  await laptop.encrypt('not to be had', other, { newIdentity: true });
  await assert.rejects(phone.textOf(other), { code: 'key-unavailable' });
  for (const server of [first, second]) {
    const { primary } = await server.call('serverStatus', {});
    assert.equal(primary?.state, 'connected');
  }
});

test('a process that is told to stop hands over in order: a device that calls meanwhile is served', {
  skip,
  timeout: 120_000,
}, async () => {
  const url = await newDatabase();
  const first = await place.server('Turin', { args: ['--database', url] });
  const second = await startBeside(place, first, url);
  const laptop = await place.enrol('laptop-turin', first);
  await hearsOf(laptop, second);
  const stopped = first.stop();
  let calls = 0;
  while (first.alive) {
    await laptop.heartbeat();
    calls += 1;
  }
  await stopped;
  await laptop.heartbeat();
  assert.ok(calls > 0);
  await eventually('the second one leads', () => leads(second));
});

test('the seal that another process opens by is not removed', { skip }, async () => {
  const url = await newDatabase();
  const first = await place.server('Parma', { args: ['--database', url] });
  await startBeside(place, first, url);
  const passphrase = 'a passphrase of many words that nobody guesses';
  await first.call('addSeal', { kind: 'passphrase', passphrase });
  const { seals } = await first.call('serverStatus', {});
  const keyFile = seals.find(({ kind }) => kind === 'key-file')!.id;
  await assert.rejects(first.call('removeSeal', { id: keyFile }), { code: 'last-seal' });
});
