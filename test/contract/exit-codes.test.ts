/**
 * An exit code is a promise: of every command, what could not be read or written whole is exit 1 with a sentence. One of
 * each kind here; every command, by the rows, in exit-codes.long.test.ts.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { REFUSED } from '#test/sentences/refused.ts';
import { refusedWith } from '#test/support/organisation.ts';
import {
  device,
  lyon,
  password,
  place,
  requireFailures,
  requireRowOfEveryCommand,
  ROWS,
  runWith,
} from './exit-code-rows.ts';

/** Lines, a list, a file of a server, one of an agent, and what needs neither. */
const KINDS = ['server status', 'keys list', 'keys export', 'agent encrypt-file', 'completion bash'];

test('every command has a row, which is run with its output closed', requireRowOfEveryCommand);

test('a command of each kind whose output is closed fails, and says so', () =>
  requireFailures(ROWS().filter(([command]) => KINDS.includes(command))));

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
