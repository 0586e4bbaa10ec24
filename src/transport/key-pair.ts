/**
 * The key pair of a server, secondary or device, and the form of its public key.
 *
 * Invariant: a public key is the 91 bytes of an uncompressed P-256 SubjectPublicKeyInfo (RFC 5480) and nothing else, so
 * that one key has one spelling and one fingerprint.
 */
import { createPublicKey, generateKeyPairSync, hash } from 'node:crypto';
import { KeystairError } from '#domain/errors.ts';

export interface KeyPair {
  /** PKCS #8. A secret: seal it, never print it. */
  readonly privateKeyPem: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
}

/** What every uncompressed P-256 SubjectPublicKeyInfo begins with; the point's two coordinates follow. */
const P256_PREFIX = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
const P256_PUBLIC_KEY_BYTES = P256_PREFIX.length + 64;

export function makeKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'der' },
  });
  return { privateKeyPem: privateKey, publicKey };
}

/** SHA-256 of the SubjectPublicKeyInfo, 64 lower-case hexadecimal digits. */
export function fingerprintOf(publicKeyDer: Uint8Array): string {
  return hash('sha256', publicKeyDer, 'hex');
}

/** Whether the bytes have the one form. Does not check that the point lies on the curve. */
export function hasPublicKeyForm(publicKeyDer: Uint8Array): boolean {
  return (
    publicKeyDer.length === P256_PUBLIC_KEY_BYTES &&
    P256_PREFIX.equals(publicKeyDer.subarray(0, P256_PREFIX.length))
  );
}

/** The bits of a public key of the one form: its point, uncompressed, 65 bytes. */
export function pointOf(publicKeyDer: Uint8Array): Uint8Array {
  return publicKeyDer.subarray(P256_PREFIX.length - 1);
}

/** Throws `invalid-argument` unless a certificate can be made for this key. */
export function checkPublicKey(publicKeyDer: Uint8Array): void {
  try {
    if (!hasPublicKeyForm(publicKeyDer)) throw new Error('not an uncompressed P-256 SubjectPublicKeyInfo');
    createPublicKey({ key: Buffer.from(publicKeyDer), format: 'der', type: 'spki' });
  } catch (cause) {
    throw new KeystairError(
      'invalid-argument',
      'the public key is not a P-256 key in its uncompressed form',
      {
        nextStep: 'make a new key pair on the device or server',
        cause,
      },
    );
  }
}
