/**
 * The server's disk runs full while keys are imported by hand: what was not confirmed leaves nothing and can be done
 * again, what was confirmed is carried to its end by itself once there is room.
 */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { REFUSED } from '#test/sentences/refused.ts';
import { beginImport, type HeldImport, recipientOf } from '#test/support/by-hand-commands.ts';
import { eventually } from '#test/support/eventually.ts';
import { goOn, inSteps } from '#test/support/in-steps.ts';
import { makeDirectory } from '#test/support/made-directory.ts';
import { type Device, organisation, refusedWith, type Server } from '#test/support/organisation.ts';
import { mountSmallDisk, type SmallDisk, unlessRoot } from '#test/support/small-disk.ts';
import { lookAtImport } from '#test/support/staged-look.ts';

/** Some 5 MB of file: ten times what is held on the way to the server. */
const KEYS = 10_000;
/** The mark of 256 MiB free below which no import begins, the space set aside, and room for this one. */
const DISK_MIB = 350;
const skip = unlessRoot();
const place = organisation('import-full-disk');
let from: Server;
let disk: SmallDisk;
let target: Server;
let device: Device;
let file: string;
let size: number;

before(async () => {
  if (skip !== false) return;
  const data = place.path('from');
  await makeDirectory(data, 'From', KEYS);
  from = await place.server('From', { data });
  disk = mountSmallDisk(place.path('disk'), DISK_MIB);
  target = await place.server('Target', { data: join(disk.path, 'data') });
  device = await place.enrol('some laptop', target);
  file = place.path('keys.age');
  await from.done(['keys', 'export', '--out', file, '--to', await recipientOf(target)]);
  size = statSync(file).size;
});

const staged = (): number => lookAtImport(target.data).staged;

async function beginStaging(name: string): Promise<HeldImport> {
  const held = beginImport(target, file, place.path(`${name}.pipe`), Math.floor(size / 2));
  await eventually('staged keys', () => staged() >= KEYS / 4);
  return held;
}

async function nothingLeft(): Promise<void> {
  await eventually('an empty stage', () => staged() === 0);
  assert.deepEqual(lookAtImport(target.data), { recorded: 0, staged: 0, confirmed: 0 });
}

for (const [how, freeBytes] of [
  ['little is left for devices', 100 * 1024 * 1024],
  ['nothing is left', 0],
] as const) {
  test(`before the confirmation, where ${how}: refused, nothing stays staged`, { skip }, async () => {
    const { finish, ended } = await beginStaging(`before-${freeBytes}`);
    disk.fill(freeBytes);
    finish();
    const says = refusedWith(await ended, 'disk-low');
    assert.match(says, REFUSED['disk-low'].tooLittleForTheImport);
    disk.empty();
    await nothingLeft();
  });
}

test('before the confirmation, and the server is killed while nothing is left: the next start clears it away', {
  skip,
}, async () => {
  const { ended } = await beginStaging('killed');
  // Held still, or it would give up by itself before.
  process.kill(target.pid, 'SIGSTOP');
  disk.fill();
  await target.kill();
  refusedWith(await ended, 'server-not-running');
  await target.restart();
  disk.empty();
  await nothingLeft();
});

test('after the confirmation: lookups go on, it waits, says so, and goes on by itself once there is room', {
  skip,
}, async () => {
  const known = place.path('known.age');
  await device.encrypt('known before', known);
  const { finish, ended } = beginImport(target, file, place.path('after.pipe'), size - 1);
  finish();
  await inSteps(target.pid, 'a part that is recorded', () => lookAtImport(target.data).recorded > 1);
  disk.fill();
  goOn(target.pid);
  const says = refusedWith(await ended, 'disk-full');
  assert.match(says, REFUSED['disk-full'].importWaits);
  const waiting = lookAtImport(target.data);
  assert.deepEqual([waiting.confirmed, waiting.recorded + waiting.staged], [1, KEYS + 1]);
  assert.match(target.log, /"event":"import-waits"[^\n]*"code":"disk-full"/);
  const asked = ['decrypt-file', known, place.path('known'), '--force'];
  await device.done(asked);
  const out = ['--out', place.path('from-full.age'), '--to', await recipientOf(target)];
  assert.ok(Number((await target.done(['keys', 'export', ...out]))['exported']) > 0, 'exports go on too');

  // Full or not, a stop and a start change nothing. What a stop gives back is filled again.
  await target.stop();
  disk.fill();
  await target.restart();
  await device.done(asked);
  assert.equal(lookAtImport(target.data).confirmed, 1);
  disk.empty();
  await eventually('every key', () => lookAtImport(target.data).confirmed === 0);
  assert.deepEqual(lookAtImport(target.data), { recorded: KEYS + 1, staged: 0, confirmed: 0 });
  const { ok, keys, problems } = await target.call('verify', {});
  assert.deepEqual([ok, keys, problems], [true, KEYS + 1, []]);
  assert.deepEqual(await target.done(['keys', 'import', file]), {
    new: 0,
    known: KEYS,
    conflicts: [],
    dryRun: false,
  });
});
