/** One-time codes: those of the standard, and each once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeOneTimeSecret, stepOfCode } from '#crypto/password/one-time-code.ts';
import { codeAt } from '#test/support/people-office.ts';

const SECRET = Buffer.from('12345678901234567890');
/** RFC 6238, appendix B, the last six digits of each. */
const VECTORS = [
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
] as const;

test('the codes are those of RFC 6238', () => {
  for (const [seconds, code] of VECTORS) {
    assert.equal(stepOfCode(SECRET, code, seconds * 1000, 0), Math.floor(seconds / 30), code);
  }
});

test('a code counts one step early and one step late, and no further', () => {
  const at = 1_234_567_890_000;
  const code = '005924';
  for (const [off, fits] of [
    [-2, false],
    [-1, true],
    [1, true],
    [2, false],
  ] as const) {
    assert.equal(stepOfCode(SECRET, code, at + off * 30_000, 0) !== undefined, fits, `${off}`);
  }
});

test('a step counts once, and none before it counts after it', () => {
  const at = 1_234_567_890_000;
  const step = Math.floor(at / 30_000);
  const { secret } = describeOneTimeSecret(SECRET, { issuer: 'Keystair', name: 'Anna' });
  assert.equal(stepOfCode(SECRET, '005924', at, step), undefined);
  assert.equal(stepOfCode(SECRET, codeAt(secret, at - 30_000), at, step), undefined);
  assert.equal(stepOfCode(SECRET, codeAt(secret, at + 30_000), at, step), step + 1);
});

test('what is no code of six digits is none', () => {
  for (const code of ['', '5924', '0059240', '00592４', 'abcdef', '-05924', '0x5924'])
    assert.equal(stepOfCode(SECRET, code, 1_234_567_890_000, 0), undefined, code);
  assert.notEqual(stepOfCode(SECRET, '005 924', 1_234_567_890_000, 0), undefined, 'as apps show it');
});

test('an app reads the secret from the address, whatever the name holds', () => {
  const { secret, otpauthUri } = describeOneTimeSecret(SECRET, { issuer: 'Keystair A:B', name: 'Änna:?&' });
  assert.equal(secret, 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
  const { protocol, host, pathname, searchParams } = new URL(otpauthUri);
  assert.deepEqual([protocol, host], ['otpauth:', 'totp']);
  assert.equal(decodeURIComponent(pathname), '/Keystair A B:Änna ?&');
  assert.equal(searchParams.get('secret'), secret);
  assert.equal(searchParams.get('issuer'), 'Keystair A B');
});
