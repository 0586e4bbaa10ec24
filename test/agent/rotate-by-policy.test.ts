/**
 * Drives get new keys where the policy says so. A key that somebody saw is shown as revealed until a device proved the
 * new one; whatever goes wrong, the drive opens with a key in custody, and no heartbeat makes key after key.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDriveForDevice } from '#agent/drive-commands.ts';
import { heartbeat } from '#agent/heartbeat.ts';
import { rotateDriveForDevice } from '#agent/rotate-drive.ts';
import { openAgent } from '#test/support/agent-in-process.ts';
import { joinInProcess, openServer, switchOption } from '#test/support/server-in-process.ts';
import { shown, standIn } from './drives/images.ts';
import { disk, listingOf } from './listed-drives.ts';
import { adopt, encrypted } from './others-volume.ts';
import { setPolicy } from './ruled-device.ts';
import { unlessInstalled } from './system-tools.ts';

const skip = unlessInstalled('cryptsetup');
const { signal } = new AbortController();
const DAY_MS = 24 * 3_600_000;

async function kept(more: object = {}) {
  const server = await openServer('Oslo');
  const path = encrypted();
  const folders = listingOf([disk(path, more)]);
  const agent = openAgent(0, folders);
  await agent.enrolWith(server);
  const { key } = await adopt(agent, path);
  await agent.heartbeat();
  const tokens = () => Object.values(shown(path).tokens).map((token) => (token as { key: string }).key);
  const revealed = async (id: string) => (await server.call('showKey', { id })).key.notRotatedSince;
  return { server, agent, path, folders, key, tokens, revealed };
}

test('a revealed key is shown as such until the device has proved a new one, which the policy makes it do', {
  skip,
}, async () => {
  const { server, agent, path, key, tokens, revealed } = await kept();
  assert.equal(await revealed(key), undefined);
  await server.call('revealKey', { id: key, reason: 'help desk' });
  assert.ok(await revealed(key));
  await agent.heartbeat();
  assert.deepEqual(tokens(), [key], 'no rule says so');
  await setPolicy(server, { rotateAfterReveal: true });
  await agent.heartbeat();
  const [next, ...more] = tokens();
  assert.deepEqual([next === key, more], [false, []]);
  assert.equal(await revealed(key), undefined);
  assert.deepEqual(
    (await server.events('key-rotated')).map((event) => [event['key'], event['replacedBy']]),
    [[key, next]],
  );
  assert.equal((await testDriveForDevice(agent.ports, { path, signal })).key, next);
  assert.equal((await server.call('listKeys', {})).keys.filter((one) => one.replaces === key).length, 1);
  await agent.heartbeat();
  assert.deepEqual(tokens(), [next]);
});

test('a person who rotates the drive ends it too, and it stays while no device proved the new key', {
  skip,
}, async () => {
  const { server, agent, path, key, revealed } = await kept();
  await server.call('revealKey', { id: key, reason: 'help desk' });
  await rotateDriveForDevice(agent.ports, { path, signal });
  assert.ok(await revealed(key), 'the server heard of no proof yet');
  await agent.heartbeat();
  assert.equal(await revealed(key), undefined);
});

test('by age: not before its day, and once', { skip }, async () => {
  const { server, agent, key, tokens } = await kept();
  await setPolicy(server, { rotateAfterDays: 2 });
  await agent.heartbeat();
  assert.deepEqual(tokens(), [key]);
  agent.clock.aheadMs = 2 * DAY_MS + 1000;
  await agent.heartbeat();
  const [next] = tokens();
  assert.notEqual(next, key);
  await agent.heartbeat();
  assert.deepEqual(tokens(), [next]);
});

test('of a device that moved: once it is with its new server, in whose custody the new key is', {
  skip,
}, async () => {
  const { server, agent, path, key, tokens } = await kept();
  const next = await openServer('Bergen');
  await switchOption(true, server, next);
  await joinInProcess(server, next);
  await server.call('heartbeatNow', {});
  await setPolicy(next, { rotateAfterMove: true });
  assert.deepEqual((await agent.enrolWith(next)).keys, { needed: 1, obtained: 1, missing: [] });
  await agent.heartbeat();
  const [rotated, ...more] = tokens();
  assert.deepEqual([rotated === key, more], [false, []]);
  const { keys } = await next.call('listKeys', {});
  assert.deepEqual(
    keys.filter(({ replaces }) => replaces === key).map(({ id }) => id),
    [rotated],
  );
  assert.equal((await testDriveForDevice(agent.ports, { path, signal })).key, rotated);
  await agent.heartbeat();
  assert.deepEqual(tokens(), [rotated]);
});

test('a stick of another device keeps its key, however old, where it is only plugged in', {
  skip,
}, async () => {
  const { server, folders, tokens } = await kept({ rm: true });
  const [first] = tokens();
  await setPolicy(server, { rotateAfterMove: true, rotateAfterDays: 1 });
  const guest = openAgent(2 * DAY_MS, folders);
  await guest.enrolWith(server);
  await guest.heartbeat();
  assert.deepEqual(tokens(), [first]);
});

test('a rotation that fails leaves the drive open to a key in custody, is told, and is not repeated all day', {
  skip,
}, async () => {
  const { server, agent, path, folders, key, tokens } = await kept();
  await server.call('revealKey', { id: key, reason: 'help desk' });
  await setPolicy(server, { rotateAfterReveal: true });
  const broken = standIn('cryptsetup', 'case "$1" in luksAddKey) exit 9;; esac; exec "$TOOL" "$@"');
  const ports = { ...agent.ports, toolFolders: [broken, ...folders] };
  const made = async () =>
    (await server.call('listKeys', {})).keys.filter((one) => one.replaces === key).length;
  await heartbeat(ports);
  assert.equal(await made(), 1);
  await heartbeat(ports);
  assert.equal(await made(), 1, 'each try leaves a key that opens nothing');
  assert.deepEqual(tokens(), [key]);
  assert.equal((await testDriveForDevice(agent.ports, { path, signal })).key, key);
  const { device } = await server.call('showDevice', { id: agent.ports.state.requireDevice().id });
  const [drive] = device.report!.drives;
  assert.deepEqual(
    [drive!.state, drive!.problem !== null, device.drives!.proved],
    ['encrypted without rule', true, 1],
  );
  agent.clock.aheadMs = DAY_MS + 1000;
  await heartbeat(agent.ports);
  assert.notEqual(tokens()[0], key);
});
