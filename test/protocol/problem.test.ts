/** The status that each code has on the wire. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERROR_CODES, type ErrorCode, KeystairError } from '#domain/errors.ts';
import { problemOf } from '#protocol/problem.ts';

const statusOf = (code: ErrorCode): number => problemOf(new KeystairError(code, 'x')).status;

test('every code has a status of a failure', () => {
  for (const code of ERROR_CODES) {
    const status = statusOf(code);
    assert.ok(status >= 400 && status < 600, `${code}: ${status}`);
  }
});

test('what a caller did wrongly is not told as a failure of the server, which would go into its log as one', () => {
  const ofTheCaller = ERROR_CODES.filter((code) =>
    /^(?:file|drive|export|backup|share|pin|password)-/.test(code),
  );
  for (const code of [...ofTheCaller, 'path-too-long', 'root-key-missing', 'interrupted'] as const)
    assert.ok(statusOf(code) < 500, code);
});
