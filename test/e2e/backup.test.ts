/** A backup as people make and need it: taken while the server works, restored on a clean machine. */
import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { digestOver } from '#test/support/digest-over-keys.ts';
import { type Device, organisation, type Server } from '#test/support/organisation.ts';
import { runKeystair } from '#test/support/run-keystair.ts';

const place = organisation('backup', { passwords: 'cheap' });
const passwordFile = place.path('password');
const withPassword = ['--password-file', passwordFile];

before(() => {
  writeFileSync(passwordFile, 'lantern quiver mossy eleven trombone\n', { mode: 0o600 });
});

let made = 0;
function newKey(device: Device): Promise<string> {
  made += 1;
  return device.encrypt('text', place.path(`file-${made}.age`), { newIdentity: true });
}

async function restored(file: string, name: string): Promise<Server> {
  const data = place.path(name);
  const ran = await runKeystair(['server', 'restore', file, '--data', data, ...withPassword]);
  assert.equal(ran.status, 0, ran.stderr);
  return place.server('Lyon', { data });
}

test('a server is backed up while its devices go on, and what is restored is the server: same keys, new epoch', async () => {
  const lyon = await place.server('Lyon');
  const device = await place.enrol('laptop', lyon);
  const before = [await newKey(device), await newKey(device)];
  const file = place.path('lyon.backup');
  const [backup, ...meanwhile] = await Promise.all([
    lyon.run(['server', 'backup', file, ...withPassword]),
    newKey(device),
    newKey(device),
  ]);
  assert.equal(backup.status, 0, backup.stderr);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const later = await newKey(device);
  const { epoch } = await lyon.call('serverStatus', {});
  const { listen } = lyon;
  const checked = await runKeystair(['server', 'backup', '--check', file, ...withPassword]);
  assert.equal(checked.status, 0, checked.stderr);

  await lyon.stop();
  const again = await restored(file, 'lyon-again');
  const there = new Set(await again.keyIds());
  for (const id of before) assert.ok(there.has(id), 'what was there before it began is in it');
  assert.ok(!there.has(later), 'what was made behind it is not');
  const status = await again.call('serverStatus', {});
  assert.equal(status.server.id, lyon.id);
  assert.notEqual(status.epoch, epoch);
  assert.deepEqual((await again.call('verify', {})).problems, []);

  // The machine is the same to its device, which brings back what was made after the backup.
  await again.stop();
  const moved = await place.server('Lyon', { data: place.path('lyon-again'), args: ['--listen', listen] });
  await device.heartbeat();
  const all = await moved.keyIds();
  for (const id of [...before, ...meanwhile, later]) assert.ok(all.includes(id), 'a receipt brought it back');
  await moved.stop();
  assert.equal(digestOver(place.path('lyon-again')), digestOver(lyon.data), 'the same digest over all keys');
});
