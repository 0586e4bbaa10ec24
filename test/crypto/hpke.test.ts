/** HPKE as RFC 9180 writes it, so that another implementation opens what ours seals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hpkeOpen, hpkeSeal, makeHpkeKeyPair } from '#crypto/hpke.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** RFC 9180, A.2.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305, base mode, the first encryption. */
const VECTOR = {
  context: {
    info: hex('4f6465206f6e2061204772656369616e2055726e'),
    associated: hex('436f756e742d30'),
  },
  ephemeral: {
    secret: hex('f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600'),
    point: hex('1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a'),
  },
  secret: hex('8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb'),
  point: hex('4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a'),
  plaintext: hex('4265617574792069732074727574682c20747275746820626561757479'),
  ciphertext: hex(
    '1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28',
  ),
};

test("the RFC's own vector is sealed and opened byte by byte", () => {
  const { context, ephemeral, secret, point, plaintext, ciphertext } = VECTOR;
  const sealed = hpkeSeal(point, context, plaintext, ephemeral);
  assert.deepEqual(sealed, Buffer.concat([ephemeral.point, ciphertext]));
  assert.deepEqual(hpkeOpen(secret, context, sealed), plaintext);
});

test('another key, another context and any altered bit open nothing', () => {
  const { context, plaintext } = VECTOR;
  const { secret, point } = makeHpkeKeyPair();
  const sealed = hpkeSeal(point, context, plaintext);
  assert.deepEqual(hpkeOpen(secret, context, sealed), plaintext);
  assert.equal(hpkeOpen(makeHpkeKeyPair().secret, context, sealed), undefined);
  assert.equal(hpkeOpen(secret, { ...context, info: hex('00') }, sealed), undefined);
  assert.equal(hpkeOpen(secret, { ...context, associated: hex('00') }, sealed), undefined);
  for (let bit = 0; bit < sealed.length * 8; bit += 7) {
    const altered = Buffer.from(sealed);
    altered[bit >> 3]! ^= 1 << (bit & 7);
    // X25519 ignores the highest bit of a point, but the key that follows from the point does not.
    assert.equal(hpkeOpen(secret, context, altered), undefined, `bit ${bit}`);
  }
  assert.equal(hpkeOpen(secret, context, Buffer.concat([Buffer.alloc(32), sealed.subarray(32)])), undefined);
  assert.equal(hpkeOpen(secret, context, sealed.subarray(0, 20)), undefined);
});
