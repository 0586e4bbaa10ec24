/** A device's life by the command line alone: it encrypts, what it encrypted travels, and it changes its server. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { unlessInstalled } from '#test/agent/system-tools.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import { type Ran, runKeystair, startKeystair } from '#test/support/run-keystair.ts';
import { type RunningServer, startServer } from '#test/support/running-server.ts';

const inFolder = temporaryFolder('agent-commands');
const state = inFolder('pc');
const otherState = inFolder('laptop');
let oslo: RunningServer;
let lyon: RunningServer;

async function run(...words: readonly string[]): Promise<Ran> {
  return await runKeystair(words);
}

/** Runs with `--json`, to success. */
async function done(...words: readonly string[]): Promise<Record<string, unknown>> {
  const ran = await run(...words, '--json');
  assert.equal(ran.status, 0, ran.stderr);
  return ran.json();
}

/** An invitation of that server, in a file. */
async function invitation(server: RunningServer): Promise<string> {
  const path = inFolder(`invitation-${server.server.name}-${process.hrtime.bigint()}`);
  writeFileSync(path, (await run('devices', 'invite', '--data', server.data)).stdout);
  return path;
}

before(async () => {
  [oslo, lyon] = await Promise.all([
    startServer(inFolder('oslo'), ['--name', 'Oslo']),
    startServer(inFolder('lyon'), ['--name', 'Lyon']),
  ]);
});
after(async () => {
  await Promise.all([oslo.stop(), lyon.stop()]);
});

test('a device that never joined is told how to', async () => {
  for (const words of [
    ['agent', 'status'],
    ['agent', 'heartbeat'],
    ['agent', 'encrypt-file', 'a', 'b'],
  ]) {
    const ran = await run(...words, '--state', inFolder('stranger'));
    assert.equal(ran.status, 1);
    assert.equal(ran.stdout, '');
    assert.match(ran.stderr, REFUSED['not-enrolled'].enrolInFull);
  }
});

test('a device enrols, and the first enrolment needs no key', async () => {
  const enrolled = await done('agent', 'enrol', await invitation(lyon), '--state', state, '--name', 'PC');
  assert.deepEqual(enrolled['server'], { id: lyon.server.id, name: 'Lyon' });
  assert.equal((enrolled['device'] as { name: string }).name, 'PC');
  assert.deepEqual(enrolled['keys'], { needed: 0, obtained: 0, missing: [] });
  await done('agent', 'enrol', await invitation(oslo), '--state', otherState, '--name', 'Laptop');
});

test('commands without fields of their own give an empty object', async () => {
  assert.deepEqual(await done('agent', 'heartbeat', '--state', state), {});
  assert.deepEqual(await done('agent', 'status', '--state', state), {});
  const { stdout } = await run('agent', 'status', '--state', state);
  assert.match(stdout, /^Server +Lyon \(/m);
  assert.match(stdout, SHOWN.lastHeartbeat);
});

let key = '';

test('a file is encrypted only once its key is in custody', async () => {
  writeFileSync(inFolder('plain'), 'the plan\n');
  const encrypted = await done(
    'agent',
    'encrypt-file',
    inFolder('plain'),
    inFolder('file.age'),
    '--state',
    state,
  );
  key = String(encrypted['key']);
  const { keys } = (await done('keys', 'list', '--data', lyon.data)) as {
    keys: { id: string; kind: string }[];
  };
  assert.deepEqual(
    keys.map(({ id, kind }) => [id, kind]),
    [[key, 'file']],
  );
  assert.match(
    readFileSync(inFolder('file.age'), 'latin1'),
    new RegExp(`^-> keystair ${key} [A-Za-z0-9+/]{22}$`, 'm'),
  );
});

test('an existing file is not replaced unless told to', async () => {
  const words = ['agent', 'encrypt-file', inFolder('plain'), inFolder('file.age'), '--state', state];
  const refused = await run(...words);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /^keystair: file-exists: /);
  assert.equal((await run(...words, '--force')).status, 0);
});

test('a stream is encrypted and decrypted, and nothing but data is on standard output', async () => {
  const encrypted = await runKeystair(
    ['agent', 'encrypt-file', '-', inFolder('streamed.age'), '--state', state],
    {
      stdin: 'streamed\n',
    },
  );
  assert.equal(encrypted.status, 0, encrypted.stderr);
  const decrypted = await run('agent', 'decrypt-file', inFolder('streamed.age'), '-', '--state', state);
  assert.equal(decrypted.stdout, 'streamed\n');
  assert.match(decrypted.stderr, new RegExp(key));
});

test('a damaged file is refused, and leaves neither output nor file', async () => {
  const bytes = readFileSync(inFolder('file.age'));
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(inFolder('damaged.age'), bytes);
  for (const out of ['-', inFolder('damaged')]) {
    const ran = await run('agent', 'decrypt-file', inFolder('damaged.age'), out, '--state', state);
    assert.equal(ran.status, 1);
    assert.equal(ran.stdout, '');
    assert.match(ran.stderr, /^keystair: file-damaged: [^\n]*\n$/);
  }
  assert.equal(existsSync(inFolder('damaged')), false);
});

test('explain reads which key a file needs, and says where it is missing', async () => {
  const words = ['keys', 'explain', '--file', inFolder('file.age'), '--data'];
  const there = await done(...words, lyon.data);
  assert.equal((there['path'] as { has: boolean }[])[0]!.has, true);
  const missing = await run(...words, oslo.data);
  assert.equal(missing.status, 0, missing.stderr);
  assert.match(missing.stdout, new RegExp(`^Key ${key}: `));
  assert.match(missing.stdout, /^Next: /m);
});

test('a key can be shown and revealed by its id, revealed only with a reason', async () => {
  const shown = (await done('keys', 'show', key, '--data', lyon.data))['key'] as { device: { name: string } };
  assert.equal(shown.device.name, 'PC');
  assert.equal((await run('keys', 'reveal', key, '--data', lyon.data)).status, 2);
  const revealed = await done('keys', 'reveal', key, '--reason', 'a test', '--data', lyon.data);
  assert.equal(revealed['id'], key);
  assert.match(String(revealed['material']), /^AGE-SECRET-KEY-/);
  const listed = await run('keys', 'list', '--data', lyon.data, '--json');
  assert.doesNotMatch(listed.stdout, /AGE-SECRET-KEY/);
});

const invitations: string[] = [];

test('a device stays where it is as long as the new server lacks a key it needs: exit 1, and yet the document', async () => {
  invitations.push(await invitation(oslo));
  const ran = await run('agent', 'enrol', invitations[0]!, '--state', state, '--json');
  assert.equal(ran.status, 1);
  const { server, keys } = ran.json() as { server: unknown; keys: unknown };
  assert.deepEqual(server, { id: lyon.server.id, name: 'Lyon' });
  assert.deepEqual(keys, { needed: 1, obtained: 0, missing: [key] });
  assert.match(ran.stderr, /^keystair: device-stays: [^\n]+\n$/);
});

test('once the keys climb, the file opens elsewhere and the same invitation moves the device', async () => {
  const link = (await run('hierarchy', 'invite', '--data', oslo.data)).stdout;
  const joined = await runKeystair(['hierarchy', 'join', '-', '--data', lyon.data, '--use-hierarchy', 'on'], {
    stdin: link,
  });
  assert.equal(joined.status, 0, joined.stderr);
  await done('server', 'settings', '--use-hierarchy', 'on', '--data', oslo.data);
  await done('hierarchy', 'heartbeat', '--data', lyon.data);
  await done('agent', 'decrypt-file', inFolder('file.age'), inFolder('elsewhere'), '--state', otherState);
  assert.equal(readFileSync(inFolder('elsewhere'), 'utf8'), 'the plan\n');
  const moved = await done('agent', 'enrol', invitations[0]!, '--state', state);
  assert.deepEqual(moved['server'], { id: oslo.server.id, name: 'Oslo' });
  assert.equal((moved['keys'] as { needed: number }).needed, 1);
  const listed = await run('devices', 'list', '--data', lyon.data);
  assert.match(listed.stdout, SHOWN.movedToOslo);
});

test('a drive is made and proved, and one that holds data is not touched', {
  skip: unlessInstalled('cryptsetup'),
}, async () => {
  const image = inFolder('stick.img');
  writeFileSync(image, '');
  truncateSync(image, 32 * 1024 * 1024);
  const made = await done('agent', 'format-drive', image, '--state', state, '--label', 'blue stick');
  assert.match(String(made['uuid']), /^[0-9a-f-]{36}$/);
  const proved = await done('agent', 'open-drive', image, '--state', state, '--test');
  assert.deepEqual(proved, { key: made['key'], keyslot: 0, source: 'device' });
  const again = await run('agent', 'format-drive', image, '--state', state);
  assert.equal(again.status, 1);
  assert.match(again.stderr, REFUSED['drive-holds-data'].eraseInFull);
  const explained = await done('keys', 'explain', '--drive', image, '--data', oslo.data);
  assert.equal((explained['path'] as { has: boolean }[])[0]!.has, true);
  assert.equal((await run('agent', 'open-drive', image, '--state', state)).status, 2);
});

test('the service runs until it is told to stop, and then ends well', async () => {
  const service = startKeystair(['agent', 'run', '--state', otherState]);
  await new Promise<void>((resolve) => {
    service.stderr!.on('data', (chunk: Buffer) => {
      if (chunk.includes('heartbeat')) resolve();
    });
  });
  service.kill('SIGTERM');
  const code = await new Promise((resolve) => service.on('close', resolve));
  assert.equal(code, 0);
});

test('a removed device is refused at its next call, and its keys stay', async () => {
  const removed = await run('devices', 'remove', 'PC', '--data', oslo.data);
  assert.match(removed.stdout, SHOWN.deviceRemoved);
  const refused = await run('agent', 'heartbeat', '--state', state);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /^keystair: not-a-member: /);
  assert.equal((await run('keys', 'show', key, '--data', oslo.data)).status, 0);
});

test('a verification that finds something is exit 1, and yet the document', async () => {
  await lyon.stop();
  const database = new DatabaseSync(join(lyon.data, 'keystair.db'));
  database.exec('UPDATE keys SET sealed = zeroblob(length(sealed)) WHERE seq = 1');
  database.close();
  const ran = await run('server', 'verify', '--data', lyon.data, '--json');
  assert.equal(ran.status, 1);
  const { ok, keys, problems } = ran.json() as { ok: boolean; keys: number; problems: string[] };
  assert.deepEqual([ok, keys, problems.length], [false, 1, 1]);
  assert.match(problems[0]!, new RegExp(key));
  assert.match(ran.stderr, REFUSED['data-damaged'].onlineVerification);
});
