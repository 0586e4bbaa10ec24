/**
 * A trusted authority: its certificate is read once, so that judging a peer only compares and verifies.
 *
 * Invariant: trust lies in the key. Its dates are ignored: a device with an empty clock battery, or under an authority
 * older than anyone expected, must still be able to renew.
 */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { KeystairError } from '#domain/errors.ts';
import { publicKeyOf } from './certificate-fields.ts';
import { fingerprintOf } from './key-pair.ts';

export interface TrustedAuthority {
  readonly certificate: X509Certificate;
  readonly publicKey: KeyObject;
  /** SubjectPublicKeyInfo. */
  readonly publicKeyDer: Buffer;
  /** SHA-256 of the public key: what is pinned. */
  readonly fingerprint: string;
}

/** Undefined unless the certificate is an authority's, over a key of our form, signed by that key. */
export function readAuthority(certificate: X509Certificate): TrustedAuthority | undefined {
  const publicKeyDer = publicKeyOf(certificate);
  if (publicKeyDer === undefined || !certificate.ca || !certificate.checkIssued(certificate))
    return undefined;
  const publicKey = certificate.publicKey;
  if (!certificate.verify(publicKey)) return undefined;
  return { certificate, publicKey, publicKeyDer, fingerprint: fingerprintOf(publicKeyDer) };
}

/** Reads the certificate of an authority from our own rows or state. Throws `row-untrusted`. */
export function trustAuthority(certificatePem: string): TrustedAuthority {
  try {
    const authority = readAuthority(new X509Certificate(certificatePem));
    if (authority !== undefined) return authority;
  } catch {
    // It is not even a certificate.
  }
  throw new KeystairError('row-untrusted', 'the stored certificate of an authority is not a certificate', {
    nextStep: 'restore from a backup, or join again with a new invitation',
  });
}

/** Whether one of these keys signed the certificate, as an authority signs a leaf. */
export function signedBy(certificate: X509Certificate, authorities: readonly TrustedAuthority[]): boolean {
  // `checkIssued` compares names and key ids, and fails on extensions that occur twice or cannot be read; it does not
  // check the signature. `verify` checks the signature and nothing else. Both are needed.
  return authorities.some(
    (authority) => certificate.checkIssued(authority.certificate) && certificate.verify(authority.publicKey),
  );
}
