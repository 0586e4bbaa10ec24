/**
 * Project Wycheproof against the primitives as we call them: what must be refused, above all.
 * The vectors are not part of this repository, so this is not part of `npm test`: `npm run wycheproof` runs it, and
 * test/vectors/wycheproof/README.md says how to have them.
 */
import assert from 'node:assert/strict';
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const directory = process.env['WYCHEPROOF_DIR'] ?? join(import.meta.dirname, '../vectors/wycheproof');

interface Vector {
  readonly tcId: number;
  readonly result: 'valid' | 'invalid' | 'acceptable';
  readonly flags: readonly string[];
  /** Every other field of the vectors used here is hexadecimal text, but for HKDF's size. */
  readonly [field: string]: unknown;
}
interface Group {
  readonly tests: readonly Vector[];
  readonly keySize?: number;
  readonly ivSize?: number;
  readonly tagSize?: number;
  readonly publicKeyDer?: string;
}

const bytes = (vector: Vector, field: string): Buffer => Buffer.from(vector[field] as string, 'hex');

/**
 * Runs every vector of one file whose group is of a size in use. `least` of them must be there, so that a file that
 * came cut or changed its shape cannot pass by being empty.
 */
function wycheproof(
  file: string,
  claim: string,
  least: number,
  run: (vector: Vector, group: Group) => boolean,
  inUse: (group: Group) => boolean = () => true,
): void {
  const path = join(directory, file);
  void test(claim, () => {
    const { testGroups } = JSON.parse(readFileSync(path, 'utf8')) as { testGroups: readonly Group[] };
    let ran = 0;
    for (const group of testGroups.filter(inUse)) {
      for (const vector of group.tests) {
        const passed = run(vector, group);
        if (vector.result !== 'acceptable')
          assert.equal(passed, vector.result === 'valid', `${file} tcId ${vector.tcId}`);
        ran += 1;
      }
    }
    assert.ok(ran >= least, `${ran} vectors of ${file} are in use, expected at least ${least}`);
  });
}

wycheproof(
  'aes_gcm_test.json',
  'AES-256-GCM opens what is valid and nothing else',
  60,
  (vector) => {
    const [key, iv, aad, tag] = ['key', 'iv', 'aad', 'tag'].map((field) => bytes(vector, field)) as [
      Buffer,
      Buffer,
      Buffer,
      Buffer,
    ];
    const cipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 });
    cipher.setAAD(aad);
    cipher.setAuthTag(tag);
    const opened = cipher.update(bytes(vector, 'ct'));
    try {
      cipher.final();
    } catch {
      return false;
    }
    assert.deepEqual(opened, bytes(vector, 'msg'));
    const sealing = createCipheriv('aes-256-gcm', key, iv, { authTagLength: 16 });
    sealing.setAAD(aad);
    assert.deepEqual(sealing.update(opened), bytes(vector, 'ct'));
    sealing.final();
    assert.deepEqual(sealing.getAuthTag(), tag);
    return true;
  },
  (group) => group.keySize === 256 && group.ivSize === 96 && group.tagSize === 128,
);

wycheproof(
  'hmac_sha256_test.json',
  'HMAC-SHA-256 fits what is valid and nothing else',
  80,
  (vector) =>
    timingSafeEqual(
      createHmac('sha256', bytes(vector, 'key')).update(bytes(vector, 'msg')).digest(),
      bytes(vector, 'tag'),
    ),
  (group) => group.tagSize === 256,
);

wycheproof(
  'hkdf_sha256_test.json',
  'HKDF-SHA-256 derives what is valid and refuses more than it can give',
  80,
  (vector) => {
    try {
      const derived = hkdfSync(
        'sha256',
        bytes(vector, 'ikm'),
        bytes(vector, 'salt'),
        bytes(vector, 'info'),
        vector['size'] as number,
      );
      return Buffer.from(derived).equals(bytes(vector, 'okm'));
    } catch {
      return false;
    }
  },
);

function signatureFits(algorithm: string | null) {
  return (vector: Vector, group: Group): boolean => {
    const key = createPublicKey({
      key: Buffer.from(group.publicKeyDer!, 'hex'),
      format: 'der',
      type: 'spki',
    });
    return verify(algorithm, bytes(vector, 'msg'), key, bytes(vector, 'sig'));
  };
}

wycheproof(
  'ecdsa_secp256r1_sha256_test.json',
  'ECDSA P-256 accepts valid signatures only',
  400,
  signatureFits('sha256'),
);
wycheproof('ed25519_test.json', 'Ed25519 accepts valid signatures only', 100, signatureFits(null));

const X25519_PUBLIC = Buffer.from('302a300506032b656e032100', 'hex');
const X25519_PRIVATE = Buffer.from('302e020100300506032b656e04220420', 'hex');

wycheproof(
  'x25519_test.json',
  'X25519 agrees on the right secret, and on none of an all-zero one',
  500,
  (vector) => {
    const publicKey = createPublicKey({
      key: Buffer.concat([X25519_PUBLIC, bytes(vector, 'public')]),
      format: 'der',
      type: 'spki',
    });
    const privateKey = createPrivateKey({
      key: Buffer.concat([X25519_PRIVATE, bytes(vector, 'private')]),
      format: 'der',
      type: 'pkcs8',
    });
    let shared: Buffer;
    try {
      shared = diffieHellman({ privateKey, publicKey });
    } catch {
      // RFC 7748 lets an implementation refuse; it must refuse where the secret would be zero.
      return false;
    }
    assert.ok(!vector.flags.includes('ZeroSharedSecret'), `tcId ${vector.tcId} was not refused`);
    assert.deepEqual(shared, bytes(vector, 'shared'), `tcId ${vector.tcId}`);
    return true;
  },
);
