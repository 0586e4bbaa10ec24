/** Disks and files that fail a server: each a clear message, nothing lost, and well again when it is mended. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { before, test } from 'node:test';
import { REFUSED } from '#test/sentences/refused.ts';
import { eventually } from '#test/support/eventually.ts';
import {
  type Device,
  doneJson,
  failureSentence,
  joinServers,
  organisation,
  refusedWith,
  type Server,
  setOption,
} from '#test/support/organisation.ts';
import { makeDirectory } from '#test/support/made-directory.ts';
import { runKeystair } from '#test/support/run-keystair.ts';
import { mountSmallDisk, unlessRoot } from '#test/support/small-disk.ts';

const place = organisation('bad-disks');
let server: Server;
let device: Device;
let keyFile: string;

before(async () => {
  server = await place.server('Oslo');
  device = await place.enrol('laptop', server);
  await device.encrypt('text', place.path('file.age'));
  await server.stop();
  keyFile = join(server.data, 'root.key');
});

/** A start that must not come to a ready line. */
async function startRefused(code: string, data = server.data): Promise<string> {
  const ran = await runKeystair(['server', 'start', '--data', data, '--listen', '127.0.0.1:0']);
  assert.equal(ran.stdout, '');
  assert.equal(ran.status, 1);
  // Only what stands on the last line is for the person who started it; log lines may stand before.
  const last = ran.stderr.trimEnd().split('\n').at(-1)!;
  return failureSentence({ ...ran, stderr: `${last}\n` }, code);
}

async function worksAgain(): Promise<void> {
  await server.restart();
  assert.deepEqual((await server.call('verify', {})).problems, []);
  assert.equal((await server.keyIds()).length, 1);
  await server.stop();
}

test('a missing root key file: the start says which file to put back, and makes no new one', async () => {
  const kept = place.path('root.key.kept');
  renameSync(keyFile, kept);
  const sentence = await startRefused('root-key-missing');
  assert.match(sentence, REFUSED['root-key-missing'].putBack);
  assert.throws(() => statSync(keyFile), { code: 'ENOENT' });
  renameSync(kept, keyFile);
  await worksAgain();
});

test("another server's root key file, and a damaged one, are wrong ones", async () => {
  const right = readFileSync(keyFile);
  const other = await place.server('Other');
  await other.stop();
  for (const wrong of [
    readFileSync(join(other.data, 'root.key')),
    Buffer.from(''),
    right.subarray(0, -10),
    Buffer.alloc(10_000, 'A'),
  ]) {
    writeFileSync(keyFile, wrong);
    const sentence = await startRefused('root-key-wrong');
    assert.ok(!sentence.includes(wrong.toString().split('\n')[1] ?? 'never'), 'no key in a message');
  }
  writeFileSync(keyFile, right);
  await worksAgain();
});

test('a start that fails when it listens already says why, and ends', async () => {
  const inTheWay = join(server.data, 'keystair.sock');
  mkdirSync(inTheWay);
  assert.match(await startRefused('data-not-writable'), REFUSED['data-not-writable'].socketPlaceTaken);
  rmSync(inTheWay, { recursive: true });
  await worksAgain();
});

test('a root key file that others may read is refused, with the command that mends it', async () => {
  for (const mode of [0o644, 0o640, 0o604, 0o660]) {
    chmodSync(keyFile, mode);
    assert.match(await startRefused('root-key-exposed'), /chmod 600/);
  }
  chmodSync(keyFile, 0o600);
  assert.equal(statSync(keyFile).mode & 0o777, 0o600);
  await worksAgain();
});

test('what a server makes at its first start is for its owner only', () => {
  for (const name of ['.', 'root.key', 'keystair.db', 'keystair.lock', 'audit-reserve']) {
    assert.equal(statSync(join(server.data, name)).mode & 0o077, 0, name);
  }
});

test('a file that is no database, one of another program, and a newer one are refused and left alone', async () => {
  const data = place.path('not-a-database');
  mkdirSync(data, { mode: 0o700 });
  const path = join(data, 'keystair.db');
  writeFileSync(path, 'this is not a database, and it is long enough to be looked at as one'.repeat(100));
  const refusedUnchanged = async (code: string, says: RegExp): Promise<void> => {
    const before = readFileSync(path);
    assert.match(await startRefused(code, data), says);
    assert.ok(readFileSync(path).equals(before));
  };
  await refusedUnchanged('data-damaged', /keystair\.db/);
  rmSync(path);
  const foreign = new DatabaseSync(path);
  foreign.exec('PRAGMA application_id = 7; CREATE TABLE theirs (id INTEGER PRIMARY KEY)');
  foreign.close();
  await refusedUnchanged('data-damaged', REFUSED['data-damaged'].noDatabaseOfOurs);
  cpSync(join(server.data, 'keystair.db'), path);
  const newer = new DatabaseSync(path);
  newer.exec('PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)');
  newer.close();
  await refusedUnchanged('data-newer', REFUSED['data-newer'].newerWroteIt);
});

test('damaged pages are found and named, the primary is unharmed, and a copy put back serves', async () => {
  const [above, ids] = await Promise.all([
    place.server('Above'),
    makeDirectory(place.path('below'), 'Below', 2000),
  ]);
  const below = await place.server('Below');
  await setOption(true, above, below);
  await joinServers(below, above);
  await below.heartbeat();
  assert.equal((await above.keyIds()).length, ids.length);
  await below.stop();

  // Overwrites the middle third of the database: mostly sealed records.
  const path = join(below.data, 'keystair.db');
  const whole = place.path('whole');
  cpSync(below.data, whole, { recursive: true });
  const pages = Math.floor(statSync(path).size / 4096);
  const file = openSync(path, 'r+');
  for (let page = Math.floor(pages / 3); page < (pages * 2) / 3; page += 3) {
    writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, page * 4096);
  }
  closeSync(file);
  const verified = await below.run(['server', 'verify', '--json']);
  assert.equal(verified.status, 1);
  const report = verified.json() as { ok: boolean; problems: string[] };
  assert.equal(report.ok, false);
  assert.ok(report.problems.length > 0);
  for (const problem of report.problems) assert.doesNotMatch(problem, /undefined|\[object|at file:/);
  failureSentence(verified, 'data-damaged');
  assert.equal((await above.keyIds()).length, ids.length, 'a dead secondary never harms its primary');

  const first = openSync(path, 'r+');
  writeSync(first, Buffer.alloc(4096, 0xa5), 0, 4096, 0);
  closeSync(first);
  assert.match(await startRefused('data-damaged', below.data), REFUSED['data-damaged'].restore);

  rmSync(below.data, { recursive: true });
  cpSync(whole, below.data, { recursive: true });
  await below.restart();
  assert.equal((await below.call('verify', {})).ok, true);
  await Promise.all([above.stop(), below.stop()]);
});

test('a read-only disk: the start is refused with the way out', { skip: unlessRoot() }, async () => {
  const disk = mountSmallDisk(place.path('read-only'), 64);
  const data = join(disk.path, 'data');
  const first = await place.server('Onlooker', { data });
  await first.stop();
  disk.remount('ro');
  assert.match(await startRefused('data-not-writable', data), REFUSED['data-not-writable'].readOnly);
  disk.remount('rw');
  await first.restart();
  assert.equal((await first.call('verify', {})).ok, true);
  await first.stop();
});

test('a full disk: new keys are refused clearly, keys are still given out, and space heals it', {
  skip: unlessRoot(),
}, async () => {
  const disk = mountSmallDisk(place.path('full'), 48);
  const data = join(disk.path, 'data');
  const full = await place.server('Full', { data });
  const [maker, finder] = await Promise.all([
    place.enrol('full maker', full),
    place.enrol('full finder', full),
  ]);
  const before = await maker.encrypt('before', place.path('before.age'));
  const ballast = join(disk.path, 'ballast');
  const fill = openSync(ballast, 'w');
  try {
    for (;;) writeSync(fill, Buffer.alloc(16 * 1024));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  } finally {
    closeSync(fill);
  }
  // A commit or two may still fit into what the log of the database holds already.
  let refusal = '';
  for (let attempt = 0; attempt < 40 && refusal === ''; attempt += 1) {
    const out = place.path(`full-${attempt}.age`);
    const ran = await maker.run(['encrypt-file', place.path('before.age'), out, '--new-identity', '--json']);
    if (ran.status === 0) continue;
    refusal = refusedWith(ran, 'disk-full');
    assert.throws(() => statSync(out), { code: 'ENOENT' }, 'nothing was encrypted');
  }
  assert.match(refusal, REFUSED['disk-full'].freeSome);
  const opened = place.path('full-opened');
  assert.deepEqual(await finder.done(['decrypt-file', place.path('before.age'), opened]), { key: before });
  assert.equal(readFileSync(opened, 'utf8'), 'before');

  rmSync(ballast);
  const known = (await full.keyIds()).length;
  await eventually('new keys are taken again', async () => {
    const ran = await maker.run([
      'encrypt-file',
      place.path('before.age'),
      place.path('after.age'),
      '--force',
      '--new-identity',
      '--json',
    ]);
    return ran.status === 0 && doneJson(ran);
  });
  assert.ok((await full.keyIds()).length > known);
  assert.deepEqual((await full.call('verify', {})).problems, []);
  await full.stop();
});

test('a disk too full for a first start leaves a clear message, and the start works once there is room', {
  skip: unlessRoot(),
}, async () => {
  const disk = mountSmallDisk(place.path('tiny'), 48);
  const data = join(disk.path, 'data');
  // The first leave no room for the database, the last none for what a server is made of.
  for (const freeKib of [0, 8, 40, 64, 112]) {
    disk.fill(freeKib * 1024);
    const sentence = await startRefused('disk-full', data);
    assert.match(sentence, REFUSED['disk-full'].makeRoom);
    // There is no server yet that could give out a key.
    assert.doesNotMatch(sentence, REFUSED['disk-full'].givenOut);
    if (freeKib === 112) assert.match(sentence, REFUSED['disk-full'].noServerMade);
    rmSync(data, { recursive: true });
  }
  disk.empty();
  const started = await place.server('Tiny', { data });
  assert.equal((await started.call('verify', {})).ok, true);
  await started.stop();
});
