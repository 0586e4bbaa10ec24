/** Key pairs, and the one spelling of a public key. */
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, ECDH, generateKeyPairSync, hash } from 'node:crypto';
import { test } from 'node:test';
import { checkPublicKey, fingerprintOf, hasPublicKeyForm, makeKeyPair } from '#transport/key-pair.ts';

const spki = { type: 'spki', format: 'der' } as const;

test('a key pair is P-256, and its public key belongs to its private key', () => {
  const pair = makeKeyPair();
  assert.deepEqual(createPublicKey(createPrivateKey(pair.privateKeyPem)).export(spki), pair.publicKey);
  assert.equal(
    createPublicKey({ key: pair.publicKey, ...spki }).asymmetricKeyDetails?.namedCurve,
    'prime256v1',
  );
  assert.ok(hasPublicKeyForm(pair.publicKey));
  assert.notDeepEqual(makeKeyPair().publicKey, pair.publicKey);
});

test('a fingerprint is the SHA-256 of the public key, in 64 hexadecimal digits', () => {
  const { publicKey } = makeKeyPair();
  assert.equal(fingerprintOf(publicKey), hash('sha256', publicKey, 'hex'));
  assert.match(fingerprintOf(publicKey), /^[0-9a-f]{64}$/);
});

test('one key has one spelling: a compressed point, another curve and trailing bytes are refused', () => {
  const { publicKey } = makeKeyPair();
  const compressedPoint = ECDH.convertKey(
    publicKey.subarray(26),
    'prime256v1',
    undefined,
    undefined,
    'compressed',
  );
  const compressed = Buffer.concat([
    Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex'),
    compressedPoint,
  ]);
  assert.equal(createPublicKey({ key: compressed, ...spki }).asymmetricKeyDetails?.namedCurve, 'prime256v1');
  const offCurve = Buffer.from(publicKey);
  offCurve[offCurve.length - 1]! ^= 1;
  const refused = {
    compressed,
    offCurve,
    trailing: Buffer.concat([publicKey, Buffer.alloc(1)]),
    empty: Buffer.alloc(0),
    p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export(spki),
    k256: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export(spki),
    ed25519: generateKeyPairSync('ed25519').publicKey.export(spki),
  };
  for (const [kind, bytes] of Object.entries(refused)) {
    assert.throws(() => checkPublicKey(bytes), { code: 'invalid-argument' }, kind);
  }
  checkPublicKey(publicKey);
});
