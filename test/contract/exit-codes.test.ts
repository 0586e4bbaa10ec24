/**
 * An exit code is a promise: of every command, what could not be read or written whole is exit 1 with a sentence. The
 * rows follow the table of commands; one that is added there is missed here.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { loadNouns } from '#cli/nouns.ts';
import { unlessInstalled } from '#test/agent/system-tools.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { eventually } from '#test/support/eventually.ts';
import {
  type Device,
  organisation,
  refusedWith,
  type Server,
  setOption,
} from '#test/support/organisation.ts';
import { unlessRoot } from '#test/support/small-disk.ts';
import { beginKeystair, type Ran } from '#test/support/run-keystair.ts';

const place = organisation('exit-codes', { passwords: 'cheap' });
const password = place.path('password');
let oslo: Server;
let lyon: Server;
let device: Device;
let key: string;

before(async () => {
  [oslo, lyon] = await Promise.all([place.server('Oslo'), place.server('Lyon')]);
  await setOption(true, oslo, lyon);
  device = await place.enrol('PC', oslo);
  key = await device.encrypt('text', place.path('file.age'));
  writeFileSync(password, 'purple lantern harvest moss\n', { mode: 0o600 });
  writeFileSync(place.path('plain'), 'text');
  writeFileSync(place.path('stick'), '');
  truncateSync(place.path('stick'), 32 * 1024 * 1024);
  await oslo.done(['keys', 'export', '--out', place.path('keys.age'), '--password-file', password]);
  await oslo.done(['server', 'backup', place.path('backup'), '--password-file', password]);
  writeFileSync(place.path('link'), (await oslo.call('inviteSecondary', {})).invitation);
  writeFileSync(place.path('invitation'), (await oslo.call('inviteDevice', {})).invitation);
});

/** A command with a stream of its own, as `sh` says it. */
function runWith(redirected: string, args: readonly string[]): Promise<Ran> {
  return beginKeystair(args, { under: ['sh', '-c', `exec "$0" "$@" ${redirected}`] }).ended;
}

/** These are there to serve; what they do not get rid of is no result. */
const SERVE = ['server start', 'agent run'];

/** In this order: what one does with its output lost is done, and the next may build on it. */
const ROWS = (): readonly (readonly [command: string, ...args: string[]])[] => {
  const [file, atOslo, atLyon, here] = [
    place.path,
    ['--data', oslo.data],
    ['--data', lyon.data],
    ['--state', device.state],
  ];
  const withPassword = ['--password-file', password];
  return [
    ['server status', ...atOslo],
    ['server settings', ...atOslo],
    ['server recipient', ...atOslo],
    ['server verify', ...atOslo],
    ['server seals', ...atOslo],
    ['server unseal', ...atOslo],
    ['server rotate-data-key', ...atOslo],
    ['server init-recovery', '--shares', '2', '--threshold', '2', ...atOslo],
    ['server add-seal', 'passphrase', ...withPassword, ...atLyon],
    ['server remove-seal', 'key-file', ...atLyon],
    ['server backup', '-', ...withPassword, ...atOslo],
    ['server restore', file('backup'), ...withPassword, '--data', file('restored')],
    ['hierarchy invite', ...atOslo],
    ['hierarchy join', file('link'), ...atLyon],
    ['hierarchy heartbeat', ...atLyon],
    ['hierarchy show', ...atOslo],
    ['hierarchy allow-recovery', 'Lyon', ...atOslo],
    ['server recover-from-primary', ...atLyon],
    ['hierarchy set', 'Lyon', '--dmz', 'on', ...atOslo],
    ['hierarchy remove', 'Lyon', ...atOslo],
    ['hierarchy leave', ...atLyon],
    ['keys list', ...atOslo],
    ['keys show', key, ...atOslo],
    ['keys explain', key, ...atOslo],
    ['keys reveal', key, '--reason', 'a test', ...atOslo],
    ['keys export', '--out', '-', ...withPassword, ...atOslo],
    ['keys import', file('keys.age'), ...withPassword, ...atLyon],
    ['agent enrol', file('invitation'), '--state', file('new')],
    ['agent heartbeat', ...here],
    ['agent status', ...here],
    ['completion bash'],
    ['completion zsh'],
    ['completion fish'],
    ['agent encrypt-file', file('plain'), '-', ...here],
    ['agent decrypt-file', file('file.age'), '-', ...here],
    ['agent format-drive', file('stick'), ...here],
    ['agent open-drive', file('stick'), '--test', ...here],
    ['devices invite', ...atOslo],
    ['devices list', ...atOslo],
    ['devices remove', 'PC', ...atOslo],
  ];
};

test('every command whose output is closed fails, and says so', {
  skip: unlessInstalled('cryptsetup'),
}, async () => {
  const nouns = await loadNouns();
  const commands = Object.entries(nouns).flatMap(([noun, { verbs }]) =>
    Object.entries(verbs).flatMap(([verb, { notYet }]) => (notYet ? [] : [`${noun} ${verb}`])),
  );
  const rows = ROWS();
  assert.deepEqual([...SERVE, ...rows.map(([command]) => command)].toSorted(), commands.toSorted());
  for (const [command, ...args] of rows) {
    // Its own messages may come before.
    const { status, stderr } = await runWith('>&-', [...command.split(' '), ...args]);
    assert.equal(status, 1, `${command}: ${stderr}`);
    assert.match(stderr, REFUSED.interrupted.outputClosed, command);
  }
});

test('an output that is full, or was left by its reader, makes each way to write fail', async () => {
  const here = ['--state', device.state];
  const atOslo = ['--data', oslo.data];
  for (const args of [
    ['keys', 'list', ...atOslo],
    ['keys', 'list', '--json', ...atOslo],
    ['keys', 'export', '--out', '-', '--password-file', password, ...atOslo],
    ['agent', 'encrypt-file', place.path('plain'), '-', ...here],
    ['agent', 'decrypt-file', place.path('file.age'), '-', ...here],
  ]) {
    assert.match(refusedWith(await runWith('> /dev/full', args), 'disk-full'), REFUSED['disk-full'].ofOutput);
    const left = ['bash', '-c', 'exec 3> >(true); wait $!; exec "$0" "$@" >&3 3>&-'];
    const { status, stdout, stderr } = await beginKeystair(args, { under: left }).ended;
    assert.deepEqual([status, stdout], [1, ''], args.join(' '));
    assert.match(stderr, REFUSED.interrupted.outputEnded, args.join(' '));
  }
});

test('a generated password that nobody could read leaves no file, and is said by the exit code', async () => {
  const out = place.path('unread.age');
  const args = ['keys', 'export', '--generate-password', '--data', oslo.data];
  for (const lost of ['2>&-', '2> /dev/full']) {
    assert.equal((await runWith(lost, [...args, '--out', out])).status, 1, lost);
    assert.ok(!existsSync(out), lost);
  }
});

test('a server whose standard error is closed serves all the same', async () => {
  const data = place.path('mute');
  const { pid, ended } = beginKeystair(['server', 'start', '--data', data, '--listen', '127.0.0.1:0'], {
    under: ['sh', '-c', 'exec "$0" "$@" 2>&-'],
  });
  const status = () => beginKeystair(['server', 'status', '--data', data]).ended;
  await eventually('it answers', async () => (await status()).status === 0);
  process.kill(pid, 'SIGTERM');
  assert.equal((await ended).status, 0);
});

test('what comes through a closed input, or a folder, is not taken for nothing', async () => {
  const here = ['--state', device.state];
  const withPassword = ['--password-file', password];
  mkdirSync(place.path('folder'));
  for (const [redirected, code] of [
    ['<&-', 'interrupted'],
    [`< ${place.path('folder')}`, 'invalid-argument'],
  ] as const) {
    for (const args of [
      ['agent', 'encrypt-file', '-', place.path('made'), ...here],
      ['agent', 'decrypt-file', '-', place.path('made'), ...here],
      ['agent', 'enrol', '-', '--state', place.path('other')],
      ['hierarchy', 'join', '-', '--data', lyon.data],
      ['keys', 'import', '-', ...withPassword, '--data', lyon.data],
      ['server', 'restore', '-', ...withPassword, '--data', place.path('made')],
    ]) {
      const says = refusedWith(await runWith(redirected, args), code);
      assert.match(says, REFUSED.interrupted.ofInput, args.join(' '));
      assert.ok(!existsSync(place.path('made')));
    }
  }
});

test('a block device on a standard stream is read and written', { skip: unlessRoot() }, async () => {
  const backing = place.path('backing');
  const content = Buffer.alloc(1024 * 1024, 'content');
  writeFileSync(backing, content);
  const losetup = (...args: string[]) => execFileSync('losetup', args, { encoding: 'utf8' }).trim();
  const disk = losetup('--find', '--show', backing);
  try {
    const [file, here] = [place.path('disk.age'), ['--state', device.state]];
    assert.equal((await runWith(`< ${disk}`, ['agent', 'encrypt-file', '-', file, ...here])).status, 0);
    assert.equal(await device.textOf(file), content.toString());
    execFileSync('dd', ['if=/dev/zero', `of=${disk}`, 'bs=1M', 'count=1', 'status=none']);
    assert.equal((await runWith(`> ${disk}`, ['agent', 'decrypt-file', file, '-', ...here])).status, 0);
    assert.ok(readFileSync(disk).equals(content));
  } finally {
    losetup('--detach', disk);
  }
});

test('a server whose output is closed serves all the same', async () => {
  const data = place.path('quiet');
  const { pid, ended } = beginKeystair(['server', 'start', '--data', data, '--listen', '127.0.0.1:0'], {
    under: ['sh', '-c', `exec "$0" "$@" >&- 2> ${place.path('log')}`],
  });
  const log = place.path('log');
  await eventually(
    'the server is ready',
    () => existsSync(log) && readFileSync(log, 'utf8').includes('"ready"'),
  );
  process.kill(pid, 'SIGTERM');
  assert.equal((await ended).status, 0);
});
