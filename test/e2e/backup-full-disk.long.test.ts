/** Disks that run full under a backup and under a restore: a sentence that names the place, nothing half, and room mends it. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { REFUSED } from '#test/sentences/refused.ts';
import { backupPlace } from '#test/support/backup-place.ts';
import { makeDirectory } from '#test/support/made-directory.ts';
import { type Device, doneJson, refusedWith, type Server } from '#test/support/organisation.ts';
import { runKeystair } from '#test/support/run-keystair.ts';
import { mountSmallDisk, type SmallDisk, unlessRoot } from '#test/support/small-disk.ts';

/** Some 3.5 MB in the file, and as much in the database. */
const KEYS = 4000;
/** Room for a part of it. */
const LEFT_BYTES = 2 * 1024 * 1024;
const { place, withPassword } = backupPlace('backup-full-disk');
const backup = place.path('large.backup');
let disk: SmallDisk;
/** It lives on the small disk itself. */
let server: Server;
let device: Device;

before(async () => {
  if (unlessRoot() !== false) return;
  disk = mountSmallDisk(place.path('disk'), 96);
  const data = join(disk.path, 'large');
  await makeDirectory(data, 'Large', KEYS);
  server = await place.server('Large', { data });
  device = await place.enrol('laptop', server);
  await server.done(['server', 'backup', backup, ...withPassword]);
});

test('a backup fills the disk of its own server: it leaves no file, and the server takes keys into custody again at once', {
  skip: unlessRoot(),
}, async () => {
  const folder = join(disk.path, 'backups');
  mkdirSync(folder);
  const file = join(folder, 'large.backup');
  disk.fill(LEFT_BYTES);
  const ran = await server.run(['server', 'backup', file, ...withPassword, '--json']);
  assert.match(refusedWith(ran, 'disk-full'), REFUSED['disk-full'].noBackup);
  assert.deepEqual(readdirSync(folder), []);
  await device.encrypt('text', place.path('beside.age'), { newIdentity: true });
  disk.empty();
  await server.done(['server', 'backup', file, ...withPassword]);
  assert.deepEqual((await server.call('verify', {})).problems, []);
  rmSync(folder, { recursive: true });
});

test('a restore onto a disk without room leaves nothing, does not disturb the server beside it, and works once there is room', {
  skip: unlessRoot(),
}, async () => {
  const target = join(disk.path, 'restored');
  const restore = ['server', 'restore', backup, '--data', target, ...withPassword, '--json'];
  disk.fill(LEFT_BYTES);
  const says = REFUSED['disk-full'].noRestore;
  assert.match(refusedWith(await runKeystair(restore), 'disk-full'), says);
  assert.ok(!existsSync(target));
  await device.encrypt('text', place.path('meanwhile.age'), { newIdentity: true });
  disk.empty();
  doneJson(await runKeystair(restore));
  const report = doneJson(await runKeystair(['server', 'verify', '--data', target, '--json']));
  assert.deepEqual([report['ok'], report['keys']], [true, KEYS]);
  rmSync(target, { recursive: true });
});

test('a drill in a place without room says to name another, and leaves nothing', {
  skip: unlessRoot(),
}, async () => {
  const scratch = join(disk.path, 'scratch');
  mkdirSync(scratch);
  const drill = ['server', 'backup', '--check', backup, '--scratch', scratch, ...withPassword, '--json'];
  disk.fill(LEFT_BYTES);
  assert.match(refusedWith(await runKeystair(drill), 'disk-full'), REFUSED['disk-full'].scratch);
  assert.deepEqual(readdirSync(scratch), []);
  disk.empty();
  assert.equal(doneJson(await runKeystair(drill))['ok'], true);
});
