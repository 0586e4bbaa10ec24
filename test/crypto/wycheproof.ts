/**
 * Project Wycheproof against the primitives as we call them: what must be refused, above all.
 * The vectors are not part of this repository, so this is not part of `npm test`: `.ci/run` fetches them and runs
 * `npm run wycheproof`, and test/vectors/wycheproof/README.md says how to have them elsewhere.
 */
import assert from 'node:assert/strict';
import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHmac,
  createPrivateKey,
  createPublicKey,
  decapsulate,
  diffieHellman,
  hkdfSync,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
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
  /** The same in older vectors. */
  readonly keyDer?: string;
}

const bytes = (vector: Vector, field: string): Buffer => Buffer.from(vector[field] as string, 'hex');

/**
 * Runs every vector of one file whose group is of a size in use. `least` of them must be there, so that a file that
 * came cut or changed its shape cannot pass by being empty. Of several names the first that is there counts.
 */
function wycheproof(
  files: string | readonly string[],
  claim: string,
  least: number,
  run: (vector: Vector, group: Group) => boolean,
  inUse: (group: Group) => boolean = () => true,
): void {
  const names = [files].flat();
  const file = names.find((name) => existsSync(join(directory, name))) ?? names[0]!;
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

/** An AEAD with a nonce of 12 bytes and a tag of 16. */
const aead =
  (cipherName: 'aes-256-gcm' | 'chacha20-poly1305') =>
  (vector: Vector): boolean => {
    // Their types are two overloads that are alike in all that is used here.
    const name = cipherName as 'aes-256-gcm';
    const [key, iv, aad, tag] = ['key', 'iv', 'aad', 'tag'].map((field) => bytes(vector, field)) as [
      Buffer,
      Buffer,
      Buffer,
      Buffer,
    ];
    const cipher = createDecipheriv(name, key, iv, { authTagLength: 16 });
    cipher.setAAD(aad);
    cipher.setAuthTag(tag);
    const opened = cipher.update(bytes(vector, 'ct'));
    try {
      cipher.final();
    } catch {
      return false;
    }
    assert.deepEqual(opened, bytes(vector, 'msg'));
    const sealing = createCipheriv(name, key, iv, { authTagLength: 16 });
    sealing.setAAD(aad);
    assert.deepEqual(sealing.update(opened), bytes(vector, 'ct'));
    sealing.final();
    assert.deepEqual(sealing.getAuthTag(), tag);
    return true;
  };
const sizesInUse = (group: Group): boolean =>
  group.keySize === 256 && group.ivSize === 96 && group.tagSize === 128;

wycheproof(
  'aes_gcm_test.json',
  'AES-256-GCM opens what is valid and nothing else',
  48,
  aead('aes-256-gcm'),
  sizesInUse,
);
wycheproof(
  'chacha20_poly1305_test.json',
  'ChaCha20-Poly1305 opens what is valid and nothing else',
  200,
  aead('chacha20-poly1305'),
  sizesInUse,
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
      key: Buffer.from((group.publicKeyDer ?? group.keyDer)!, 'hex'),
      format: 'der',
      type: 'spki',
    });
    return verify(algorithm, bytes(vector, 'msg'), key, bytes(vector, 'sig'));
  };
}

wycheproof(
  'ecdsa_secp256r1_sha256_test.json',
  'ECDSA P-256 accepts valid signatures only',
  380,
  signatureFits('sha256'),
);
wycheproof(
  ['ed25519_test.json', 'eddsa_test.json'],
  'Ed25519 accepts valid signatures only',
  140,
  signatureFits(null),
);

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

// Points as TLS has them.
wycheproof(
  'ecdh_secp256r1_ecpoint_test.json',
  'ECDH P-256 agrees on the right secret, with points of the curve only',
  200,
  (vector) => {
    const own = createECDH('prime256v1');
    // As a number of ASN.1, with or without the zero that says that it is positive.
    own.setPrivateKey((vector['private'] as string).padStart(64, '0').slice(-64), 'hex');
    try {
      return own.computeSecret(bytes(vector, 'public')).equals(bytes(vector, 'shared'));
    } catch {
      return false;
    }
  },
);

/** RFC 9935: PKCS #8 with the seed alone. */
const MLKEM768_SEED = Buffer.from('3054020100300b060960864801650304040204428040', 'hex');

// Older than the algorithm, the vectors of Debian have nothing of it; then the age vectors alone try it.
if (existsSync(join(directory, 'mlkem_768_test.json'))) {
  wycheproof(
    'mlkem_768_test.json',
    'ML-KEM-768 agrees on the right secret, of ciphertexts of its size only',
    100,
    (vector) => {
      try {
        const key = Buffer.concat([MLKEM768_SEED, bytes(vector, 'seed')]);
        const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
        return decapsulate(privateKey, bytes(vector, 'c')).equals(bytes(vector, 'K'));
      } catch {
        return false;
      }
    },
  );
}
