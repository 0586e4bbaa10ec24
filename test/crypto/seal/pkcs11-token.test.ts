/** The token seal, with a real PKCS#11 module: only the token and its PIN open what was sealed under it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { before, test } from 'node:test';
import { openUnderToken, sealUnderToken, type TokenParameters } from '#crypto/seal/pkcs11-token.ts';
import { KeystairError } from '#domain/errors.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { makeSoftToken, noSoftToken, type SoftToken } from '#test/support/soft-token.ts';

const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
const SECRET = random(32);
const inFolder = temporaryFolder('token');
const skip = noSoftToken;
let token: SoftToken;
let parameters: TokenParameters;

before(async () => {
  if (skip !== false) return;
  token = makeSoftToken(inFolder('token'));
  const names = { token: token.label, key: 'root' };
  const sealed = await sealUnderToken(token, names, 'pkcs11-1', SECRET, random);
  assert.equal(sealed.made, true);
  ({ parameters } = sealed);
});

async function refused(action: Promise<unknown>, code: string, says: RegExp): Promise<void> {
  await assert.rejects(action, (error) => {
    assert.ok(error instanceof KeystairError, String(error));
    assert.equal(error.code, code, error.sentence);
    assert.match(error.sentence, says);
    assert.doesNotMatch(error.sentence, /0815/);
    return true;
  });
}

test('what was sealed under the token opens with it, again and again', { skip }, async () => {
  assert.deepEqual(await openUnderToken(token, parameters, 'pkcs11-1'), SECRET);
  assert.deepEqual(await openUnderToken(token, parameters, 'pkcs11-1'), SECRET);
});

test('a key that is there is used again, and each seal has its own nonce', { skip }, async () => {
  const names = { token: token.label, key: 'root' };
  const again = await sealUnderToken(token, names, 'pkcs11-2', SECRET, random);
  assert.equal(again.made, false);
  assert.notEqual(again.parameters.nonce, parameters.nonce);
  assert.notEqual(again.parameters.sealed, parameters.sealed);
  assert.deepEqual(await openUnderToken(token, again.parameters, 'pkcs11-2'), SECRET);
});

test('nothing of the secret is in what the row keeps', { skip }, () => {
  assert.equal(Buffer.from(parameters.sealed, 'base64').length, 48);
  assert.ok(!Buffer.from(parameters.sealed, 'base64').includes(Buffer.from(SECRET)));
});

test('a wrong PIN, and a row that was edited or moved, do not open it', { skip }, async () => {
  await refused(
    openUnderToken({ ...token, pin: '0815-4711' }, parameters, 'pkcs11-1'),
    'pin-wrong',
    REFUSED['pin-wrong'].refused,
  );
  const flipped = Buffer.from(parameters.sealed, 'base64');
  flipped[3]! ^= 1;
  for (const [altered, id] of [
    [{ ...parameters, sealed: flipped.toString('base64') }, 'pkcs11-1'],
    [{ ...parameters, nonce: Buffer.alloc(12).toString('base64') }, 'pkcs11-1'],
    [{ ...parameters, sealed: '' }, 'pkcs11-1'],
    [parameters, 'pkcs11-2'],
  ] as const) {
    await refused(openUnderToken(token, altered, id), 'root-key-wrong', REFUSED['root-key-wrong'].otherSeal);
  }
  assert.deepEqual(await openUnderToken(token, parameters, 'pkcs11-1'), SECRET, 'and the token still works');
});

test('a module, a token or a key that is not there is said, with what there is', { skip }, async () => {
  await refused(
    openUnderToken({ ...token, module: inFolder('no-module.so') }, parameters, 'pkcs11-1'),
    'token-unavailable',
    REFUSED['token-unavailable'].noModule,
  );
  await refused(
    openUnderToken(token, { ...parameters, token: 'other' }, 'pkcs11-1'),
    'token-unavailable',
    REFUSED['token-unavailable'].otherToken,
  );
  await refused(
    openUnderToken(token, { ...parameters, key: 'other' }, 'pkcs11-1'),
    'token-unavailable',
    REFUSED['token-unavailable'].otherKey,
  );
});

test('the native package is built wherever all tests run, so that nothing above was skipped for it', (t) => {
  const built = existsSync(
    new URL('../../../node_modules/pkcs11js/build/Release/pkcs11.node', import.meta.url),
  );
  if (!built && process.env['CI'] === undefined) return t.skip('install g++, make and python3, then npm ci');
  assert.ok(built, 'install g++, make and python3, then npm ci');
});
