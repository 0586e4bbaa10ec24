/** A backup as people make and need it: taken while the server works, restored on a clean machine. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { backupPlace } from '#test/support/backup-place.ts';
import { digestOver } from '#test/support/digest-over-keys.ts';

const { place, withPassword, newKey, restored } = backupPlace('backup');

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
  const checked = await lyon.run(['server', 'backup', '--check', file, ...withPassword]);
  assert.equal(checked.status, 0, checked.stderr);
  const known = await lyon.call('showBackups', {});
  assert.equal(
    known.checked?.backup,
    known.made?.backup,
    'the server knows that this one was made, and tried',
  );
  assert.deepEqual(known.overdue, []);

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
