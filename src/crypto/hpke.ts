/**
 * HPKE in base mode for one message (RFC 9180): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305. 48 bytes longer
 * than the message, which an age file with its header is not: for what people read out over the telephone.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';

const HPKE_KEY_BYTES = 32;
const TAG_BYTES = 16;
export const HPKE_OVERHEAD_BYTES = HPKE_KEY_BYTES + TAG_BYTES;
const NONCE_BYTES = 12;
const CIPHER = 'chacha20-poly1305';
const KEM_SUITE = Buffer.from('4b454d0020', 'hex');
const HPKE_SUITE = Buffer.from('48504b45002000010003', 'hex');
const VERSION = Buffer.from('HPKE-v1');
const NOTHING = new Uint8Array(0);
/** What stands before the bytes of a key in DER (RFC 8410). */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
const PUBLIC_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');

export interface HpkeKeyPair {
  /** 32 bytes. */
  readonly secret: Uint8Array;
  /** 32 bytes. */
  readonly point: Uint8Array;
}

export function makeHpkeKeyPair(): HpkeKeyPair {
  const { privateKey } = generateKeyPairSync('x25519');
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  return { secret: Buffer.from(der.subarray(PRIVATE_PREFIX.length)), point: pointOf(privateKey) };
}

function pointOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(PUBLIC_PREFIX.length);
}

function privateKeyOf(secret: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, secret]), format: 'der', type: 'pkcs8' });
}

function publicKeyOf(point: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, point]), format: 'der', type: 'spki' });
}

function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

function extract(suite: Uint8Array, salt: Uint8Array, label: string, input: Uint8Array): Buffer {
  return hmac(salt, VERSION, suite, Buffer.from(label), input);
}

/** @param length at most the 32 bytes of one block. */
function expand(suite: Uint8Array, key: Uint8Array, label: string, info: Uint8Array, length: number): Buffer {
  const head = Buffer.from([length >>> 8, length & 0xff]);
  return hmac(key, head, VERSION, suite, Buffer.from(label), info, Buffer.from([1])).subarray(0, length);
}

/** Key and nonce of the one message. */
function schedule(
  shared: Uint8Array,
  enc: Uint8Array,
  point: Uint8Array,
  info: Uint8Array,
): { readonly key: Buffer; readonly nonce: Buffer } {
  const context = Buffer.concat([enc, point]);
  const secretOfKem = expand(
    KEM_SUITE,
    extract(KEM_SUITE, NOTHING, 'eae_prk', shared),
    'shared_secret',
    context,
    HPKE_KEY_BYTES,
  );
  const ofInfo = Buffer.concat([
    Buffer.from([0]),
    extract(HPKE_SUITE, NOTHING, 'psk_id_hash', NOTHING),
    extract(HPKE_SUITE, NOTHING, 'info_hash', info),
  ]);
  const secret = extract(HPKE_SUITE, secretOfKem, 'secret', NOTHING);
  return {
    key: expand(HPKE_SUITE, secret, 'key', ofInfo, HPKE_KEY_BYTES),
    nonce: expand(HPKE_SUITE, secret, 'base_nonce', ofInfo, NONCE_BYTES),
  };
}

export interface HpkeContext {
  readonly info: Uint8Array;
  readonly associated: Uint8Array;
}

/**
 * The encapsulated key, the ciphertext and its tag. Throws what the system throws for a point that no key has.
 *
 * @param ephemeral made afresh unless a test gives it.
 */
export function hpkeSeal(
  point: Uint8Array,
  { info, associated }: HpkeContext,
  plaintext: Uint8Array,
  ephemeral: HpkeKeyPair = makeHpkeKeyPair(),
): Buffer {
  const privateKey = privateKeyOf(ephemeral.secret);
  const shared = diffieHellman({ privateKey, publicKey: publicKeyOf(point) });
  const { key, nonce } = schedule(shared, ephemeral.point, point, info);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated, { plaintextLength: plaintext.length });
  return Buffer.concat([ephemeral.point, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Undefined where it was sealed to another key, for another context, or altered. */
export function hpkeOpen(
  secret: Uint8Array,
  { info, associated }: HpkeContext,
  sealed: Uint8Array,
): Buffer | undefined {
  const enc = sealed.subarray(0, HPKE_KEY_BYTES);
  const ciphertext = sealed.subarray(HPKE_KEY_BYTES, sealed.length - TAG_BYTES);
  try {
    const privateKey = privateKeyOf(secret);
    const shared = diffieHellman({ privateKey, publicKey: publicKeyOf(enc) });
    const { key, nonce } = schedule(shared, enc, pointOf(privateKey), info);
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(associated, { plaintextLength: ciphertext.length });
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    return undefined;
  }
}
