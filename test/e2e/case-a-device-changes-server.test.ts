/** Case A: a device changes from one branch to another, and is over only when the new server has its keys. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { REFUSED } from '#test/sentences/refused.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import {
  upward,
  type Device,
  failureSentence,
  type Json,
  organisation,
  refusedWith,
  type Server,
  setOption,
  type ThreeLevels,
  threeLevels,
} from '#test/support/organisation.ts';

const place = organisation('case-a');
let tree: ThreeLevels;
let laptop: Device;
let invitation: string;
/** Made on the laptop with both algorithms, and one of another device that it opened. */
const needed: string[] = [];

before(async () => {
  tree = await threeLevels(place);
  const colleague = await place.enrol('colleague', tree.lyon);
  laptop = await place.enrol('laptop', tree.lyon);
  needed.push(await laptop.encrypt('one', place.path('one.age')));
  needed.push(await laptop.encrypt('two', place.path('two.age'), { algorithm: 'age-x25519' }));
  needed.push(await colleague.encrypt('three', place.path('three.age')));
  await laptop.done(['decrypt-file', place.path('three.age'), place.path('three')]);
  await upward(tree.lyon, tree.west);
  ({ invitation } = await tree.oslo.call('inviteDevice', {}));
});

async function deviceAt(server: Server, name: string): Promise<Json | undefined> {
  const { devices } = (await server.done(['devices', 'list'])) as { devices: Json[] };
  return devices.find((device) => device['name'] === name);
}

async function serverOf(device: Device): Promise<string> {
  return (await device.run(['status'])).stdout;
}

test('where keys are missing the device stays, with exit 1, the document, and every missing id', async () => {
  await setOption(false, tree.oslo);
  const stays = await laptop.run(['enrol', '-', '--json'], invitation);
  assert.equal(stays.status, 1);
  const sentence = failureSentence(stays, 'device-stays');
  assert.match(sentence, REFUSED['key-unavailable'].offAtOslo);
  assert.match(sentence, REFUSED['device-stays'].sameInvitation);
  const { device, server, keys } = stays.json() as { device: Json; server: Json; keys: Json };
  assert.equal(device['name'], 'laptop');
  assert.deepEqual(server, { id: tree.lyon.id, name: 'Lyon' });
  assert.deepEqual(
    { ...keys, missing: (keys['missing'] as string[]).toSorted() },
    { needed: 3, obtained: 0, missing: needed.toSorted() },
  );
  const told = (await laptop.run(['enrol', '-'], invitation)).stdout.split('\n');
  for (const id of needed) {
    assert.ok(
      told.some((line) => line.startsWith(`  missing: ${id}: the option `) && line.includes('off at Oslo')),
      `${id} with its reason`,
    );
  }
});

test('a device that stayed works on as before; the new server shows it as arriving', async () => {
  assert.match(await serverOf(laptop), SHOWN.changingServer);
  assert.deepEqual(await laptop.done(['heartbeat']), {});
  needed.push(await laptop.encrypt('four', place.path('four.age'), { newIdentity: true }));
  await upward(tree.lyon, tree.west);
  assert.equal((await deviceAt(tree.lyon, 'laptop'))?.['state'], 'managed');
  assert.equal((await deviceAt(tree.oslo, 'laptop'))?.['state'], 'arriving');
});

test('after the option is on the same invitation works, and the new server has every key', async () => {
  await setOption(true, tree.oslo);
  const moved = await laptop.done(['enrol', '-'], invitation);
  assert.deepEqual(moved['server'], { id: tree.oslo.id, name: 'Oslo' });
  assert.deepEqual(moved['keys'], { needed: 4, obtained: 4, missing: [] });
  assert.deepEqual((await tree.oslo.keyIds()).toSorted(), needed.toSorted());
  assert.match(await serverOf(laptop), /Server\s+Oslo/);
  assert.equal((await deviceAt(tree.oslo, 'laptop'))?.['state'], 'managed');
});

test('the old server shows the device as moved, keeps every key, and answers it no more', async () => {
  const left = await deviceAt(tree.lyon, 'laptop');
  assert.equal(left?.['state'], 'moved');
  assert.deepEqual(left['movedTo'], { id: tree.oslo.id, name: 'Oslo' });
  assert.equal(left['keys'], 3);
  assert.deepEqual((await tree.lyon.keyIds()).toSorted(), needed.toSorted());
});

test('its data is opened and managed from the new server, and new keys begin there', async () => {
  await laptop.done(['decrypt-file', place.path('one.age'), place.path('one')]);
  assert.equal(readFileSync(place.path('one'), 'utf8'), 'one');
  const made = await laptop.encrypt('five', place.path('five.age'), { newIdentity: true });
  const shown = (await tree.oslo.done(['keys', 'show', made]))['key'] as Json;
  assert.equal(shown['origin'], tree.oslo.id);
  assert.deepEqual(await laptop.done(['heartbeat']), {});
});

test('to another device the invitation is spent', async () => {
  const stranger = place.device('stranger');
  refusedWith(await stranger.run(['enrol', '-', '--json'], invitation), 'invitation-used');
});

test('a move is told at the next heartbeat where the old server was down', async () => {
  const tablet = await place.enrol('tablet', tree.lyon);
  const key = await tablet.encrypt('six', place.path('six.age'));
  await upward(tree.lyon, tree.west);
  await tree.lyon.stop();
  const again = await tree.oslo.call('inviteDevice', {});
  const moved = await tablet.done(['enrol', '-'], again.invitation);
  assert.deepEqual(moved['keys'], { needed: 1, obtained: 1, missing: [] });
  assert.ok((await tree.oslo.keyIds()).includes(key));
  assert.match(await serverOf(tablet), SHOWN.lyonToBeTold);
  await tree.lyon.restart();
  assert.equal((await deviceAt(tree.lyon, 'tablet'))?.['state'], 'managed');
  await tablet.heartbeat();
  assert.equal((await deviceAt(tree.lyon, 'tablet'))?.['state'], 'moved');
  assert.doesNotMatch(await serverOf(tablet), SHOWN.toBeTold);
});

test('a device may come back to the server it left', async () => {
  await upward(tree.oslo, tree.north);
  const back = await tree.lyon.call('inviteDevice', {});
  const moved = await laptop.run(['enrol', '-'], back.invitation);
  // Four of them never left Lyon: it is told that they are there, not that they came.
  assert.match(moved.stdout, SHOWN.hasEveryKey);
  assert.doesNotMatch(moved.stdout, /came|obtained/);
  assert.equal((await deviceAt(tree.lyon, 'laptop'))?.['state'], 'managed');
  assert.equal((await deviceAt(tree.oslo, 'laptop'))?.['state'], 'moved');
});

test('a removed device is refused at its next request, and its keys stay', async () => {
  assert.deepEqual(await tree.lyon.done(['devices', 'remove', 'laptop']), {});
  refusedWith(await laptop.run(['heartbeat', '--json']), 'not-a-member');
  assert.equal(await deviceAt(tree.lyon, 'laptop'), undefined);
  assert.equal((await tree.lyon.keyIds()).length, 6);
});
