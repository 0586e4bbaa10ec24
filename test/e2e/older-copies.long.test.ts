/** Data directories put back to an older copy, and one that runs twice: keys come back, and nothing is mixed up. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { REFUSED } from '#test/sentences/refused.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import {
  type Device,
  joinServers,
  organisation,
  refusedWith,
  type Server,
  setOption,
} from '#test/support/organisation.ts';

const place = organisation('older-copies');

/** The directory as it is now, taken while its server is stopped. */
async function copyOf(server: Server, name: string): Promise<string> {
  const copy = place.path(name);
  await server.stop();
  cpSync(server.data, copy, { recursive: true, preserveTimestamps: true });
  await server.restart();
  return copy;
}

async function putBack(server: Server, copy: string): Promise<void> {
  await server.stop();
  rmSync(server.data, { recursive: true });
  cpSync(copy, server.data, { recursive: true });
  await server.restart();
}

async function pair(name: string): Promise<{ primary: Server; secondary: Server; device: Device }> {
  const [primary, secondary] = await Promise.all([
    place.server(`${name} above`, { data: place.path(`${name}-above`) }),
    place.server(`${name} below`, { data: place.path(`${name}-below`) }),
  ]);
  await setOption(true, primary, secondary);
  await joinServers(secondary, primary);
  return { primary, secondary, device: await place.enrol(`${name} device`, secondary) };
}

let made = 0;
async function newKey(device: Device): Promise<string> {
  made += 1;
  return device.encrypt('text', place.path(`file-${made}.age`), { newIdentity: true });
}

async function sameKeys(left: Server, right: Server): Promise<void> {
  assert.deepEqual((await left.keyIds()).toSorted(), (await right.keyIds()).toSorted());
}

test('a primary put back to yesterday asks again for what it lost, by itself', async () => {
  const { primary, secondary, device } = await pair('primary');
  const first = await newKey(device);
  await secondary.heartbeat();
  const yesterday = await copyOf(primary, 'primary-yesterday');
  const later = [await newKey(device), await newKey(device)];
  await secondary.heartbeat();
  const { epoch } = await secondary.call('serverStatus', {});
  await putBack(primary, yesterday);
  assert.deepEqual(await primary.keyIds(), [first]);
  assert.equal((await secondary.heartbeat()).acknowledgedSeq, 3);
  assert.deepEqual(await primary.keyIds(), [first, ...later]);
  assert.equal((await secondary.call('serverStatus', {})).epoch, epoch);
});

test('a secondary put back to yesterday begins a new epoch, and its devices bring back the rest', async () => {
  const { primary, secondary, device } = await pair('secondary');
  await newKey(device);
  await secondary.heartbeat();
  const yesterday = await copyOf(secondary, 'secondary-yesterday');
  const lost = await newKey(device);
  await secondary.heartbeat();
  const before = await secondary.call('serverStatus', {});
  await putBack(secondary, yesterday);
  await secondary.heartbeat();
  const after = await secondary.call('serverStatus', {});
  assert.notEqual(after.epoch, before.epoch);
  assert.equal(after.primary?.problem, null);
  assert.ok((await primary.keyIds()).includes(lost), 'the primary lost nothing');
  await device.heartbeat();
  assert.ok((await secondary.keyIds()).includes(lost), 'the device gave its receipt back');
  const next = await newKey(device);
  await secondary.heartbeat();
  assert.ok((await primary.keyIds()).includes(next));
  await sameKeys(primary, secondary);
  for (const server of [primary, secondary]) assert.equal((await server.call('verify', {})).ok, true);
});

test('a lone server put back to yesterday has its keys again after one heartbeat of its devices', async () => {
  const server = await place.server('Lone');
  const device = await place.enrol('lone device', server);
  const first = await newKey(device);
  const yesterday = await copyOf(server, 'lone-yesterday');
  const lost = [await newKey(device), await newKey(device)];
  await putBack(server, yesterday);
  assert.deepEqual(await server.keyIds(), [first]);
  await device.heartbeat();
  assert.deepEqual((await server.keyIds()).toSorted(), [first, ...lost].toSorted());
  const [listed] = (await server.call('listKeys', { find: lost[0]! })).keys;
  assert.match(listed?.receivedFrom ?? '', /^receipt:/);
  await device.heartbeat();
  assert.equal((await server.keyIds()).length, 3, 'and is not told again');
  assert.equal((await server.call('verify', {})).ok, true);
});

test('a lone server put back before its device was enrolled says so to the device, and the keys are not lost', async () => {
  const server = await place.server('Younger');
  const yesterday = await copyOf(server, 'younger-yesterday');
  const device = await place.enrol('young device', server);
  const key = await newKey(device);
  await putBack(server, yesterday);
  refusedWith(await device.run(['heartbeat', '--json']), 'not-a-member');
  const { invitation } = await server.call('inviteDevice', {});
  await device.done(['enrol', '-'], invitation);
  await device.heartbeat();
  assert.ok((await server.keyIds()).includes(key), 'it came back from its receipt');
});

test('a directory that was copied and runs twice is told as two copies of one server, at both ends', async () => {
  const { primary, secondary, device } = await pair('twice');
  await newKey(device);
  await secondary.heartbeat();
  const copied = await copyOf(secondary, 'twice-copy');
  const key = await newKey(device);
  await secondary.heartbeat();
  const twin = await place.server('twice below', { data: copied });
  await twin.heartbeat();
  await secondary.heartbeat();
  const [seen] = (await primary.call('serverStatus', {})).secondaries;
  assert.match(seen?.problem ?? '', SHOWN.twoCopies);
  assert.match((await primary.run(['hierarchy', 'show'])).stdout, SHOWN.twoCopiesBelow);
  const problem = (await secondary.call('serverStatus', {})).primary?.problem;
  assert.match(problem ?? '', SHOWN.twoCopiesAbove);
  assert.ok((await primary.keyIds()).includes(key), 'keys of either are taken');
  await twin.stop();
});

test('a directory that a running server uses starts no second one', async () => {
  const server = await place.server('Used');
  const { log } = server;
  const second = await server.run(['server', 'start']);
  assert.equal(second.status, 1);
  assert.equal(second.stdout, '');
  assert.match(second.stderr, REFUSED['data-in-use'].seeStatus);
  assert.equal(server.log, log, 'the one that runs noticed nothing');
  assert.deepEqual(await server.keyIds(), []);
});

test('an agent state put back to yesterday loses no key that its server has', async () => {
  const server = await place.server('Agentless');
  const device = await place.enrol('forgetful', server);
  await newKey(device);
  const copy = place.path('forgetful-yesterday');
  cpSync(device.state, copy, { recursive: true });
  const later = await newKey(device);
  const file = place.path(`file-${made}.age`);
  rmSync(device.state, { recursive: true });
  cpSync(copy, device.state, { recursive: true });
  assert.deepEqual(await device.done(['decrypt-file', file, place.path('again')]), { key: later });
  assert.equal(readFileSync(place.path('again'), 'utf8'), 'text');
  await device.heartbeat();
});
