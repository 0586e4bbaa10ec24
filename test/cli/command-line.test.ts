/** The program as scripts see it: streams and exit codes of real processes. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import { runKeystair } from '#test/support/run-keystair.ts';

const inFolder = temporaryFolder('command-line');
const LAUNCHER = join(import.meta.dirname, '../../bin/keystair');

test('wrong usage is exit 2, the complaint and the usage on standard error, standard output empty', async () => {
  for (const args of [
    'server',
    'server stat',
    'keys list',
    'keys list --data x y',
    'server status --data x --json --no',
  ]) {
    const ran = await runKeystair(args.split(' ').filter((word) => word !== ''));
    assert.equal(ran.status, 2, args);
    assert.equal(ran.stdout, '', args);
    assert.match(ran.stderr, /^keystair: invalid-argument: .*\n[^]*Usage|Help/, args);
  }
});

test('a refusal is exit 1 with one line, and standard output empty', async () => {
  const ran = await runKeystair(['server', 'status', '--data', inFolder('nowhere'), '--json']);
  assert.equal(ran.status, 1);
  assert.equal(ran.stdout, '');
  assert.match(ran.stderr, REFUSED['not-found'].startItInFull);
});

test('--debug adds where it failed, below the line', async () => {
  const ran = await runKeystair(['server', 'status', '--data', inFolder('nowhere'), '--debug']);
  assert.match(ran.stderr, /^keystair: not-found: .*\nKeystairError: .*\n {4}at /);
});

test('help and version are exit 0 on standard output', async () => {
  for (const args of [['--help'], ['server', '--help'], ['server', 'start', '--help']]) {
    const ran = await runKeystair(args);
    assert.equal(ran.status, 0);
    assert.equal(ran.stderr, '');
    assert.match(ran.stdout, SHOWN.startExample);
  }
  assert.match((await runKeystair(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
  assert.equal(typeof (await runKeystair(['--version', '--json'])).json()['version'], 'string');
});

test('OUT as standard output does not go together with --json', async () => {
  for (const verb of ['encrypt-file', 'decrypt-file']) {
    const ran = await runKeystair(['agent', verb, 'in', '-', '--state', 'x', '--json']);
    assert.equal(ran.status, 2);
    assert.equal(ran.stdout, '');
  }
});

/** The exit code and standard error of a line for the shell. */
function shell(line: string): Promise<{ code: number; stderr: string }> {
  return new Promise((resolve) => {
    execFile('bash', ['-c', `set -o pipefail; ${line}`], (error, _stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stderr });
    });
  });
}

test('an output that cannot be written, is closed or was left is said, not swallowed', async () => {
  for (const [line, code] of [
    [`'${LAUNCHER}' --help > /dev/full`, 'disk-full'],
    [`'${LAUNCHER}' --help >&-`, 'interrupted'],
    // The reader is gone before the command begins.
    [`exec 3> >(true); wait $!; '${LAUNCHER}' --help >&3`, 'interrupted'],
  ] as const) {
    const { code: exit, stderr } = await shell(line);
    assert.equal(exit, 1, line);
    assert.match(stderr, new RegExp(`^keystair: ${code}: [^\\n]*\\n$`), line);
  }
});
