/**
 * Every command whose output is lost fails, and so do the other ways to lose what is read or written. One of each kind
 * is in exit-codes.test.ts.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { unlessInstalled } from '#test/agent/system-tools.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { eventually } from '#test/support/eventually.ts';
import { refusedWith } from '#test/support/organisation.ts';
import { beginKeystair } from '#test/support/run-keystair.ts';
import { unlessRoot } from '#test/support/small-disk.ts';
import { device, oslo, password, place, requireFailures, ROWS, runWith } from './exit-code-rows.ts';

test('every command whose output is closed fails, and says so', { skip: unlessInstalled('cryptsetup') }, () =>
  requireFailures(ROWS()),
);

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
