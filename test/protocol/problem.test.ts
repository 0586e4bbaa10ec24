/** Problem documents: each error code has its status, and no failure tells more than it should. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERROR_CODES, KeystairError } from '#domain/errors.ts';
import { problemOf } from '#protocol/problem.ts';

/** Trouble of the server, or of whom it asked: these are told in its log, and every other failure is the caller's. */
const OF_THE_SERVER = [
  'audit-broken',
  'clock-problem',
  'data-damaged',
  'data-exposed',
  'data-not-writable',
  'disk-full',
  'disk-low',
  'internal',
  'record-unreadable',
  'row-untrusted',
  'server-not-running',
  'server-unreachable',
  'sqlite-too-old',
  'token-unavailable',
  'tool-failed',
  'tool-missing',
  'untrusted-server',
];

test('every code has its status, and what a caller did wrongly is not told as a failure of the server', () => {
  const statuses = ERROR_CODES.map((code) => [code, problemOf(new KeystairError(code, 'x')).status] as const);
  assert.deepEqual(
    statuses
      .filter(([, status]) => status >= 500)
      .map(([code]) => code)
      .toSorted(),
    OF_THE_SERVER,
  );
  for (const [code, status] of statuses) assert.ok(status >= 400 && status < 600, `${code}: ${status}`);
});
