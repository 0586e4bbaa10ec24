/**
 * Reads the few fields of a certificate that decisions rest on, strictly: a field that is not exactly in the form our
 * authorities write counts as absent.
 */
import type { X509Certificate } from 'node:crypto';
import { hasPublicKeyForm } from './key-pair.ts';

/** The possible uses of our leaves. */
export type LeafUse = 'server' | 'client';

export interface Leaf {
  readonly use: LeafUse;
  /** The one UUID it names. */
  readonly id: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
  /** Unix milliseconds, first and last moment at which it is valid. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export type DatesVerdict = 'valid' | 'expired' | 'not-yet-valid';

/** RFC 5758 section 3.2: no parameters. */
export const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const LEAF_USES: Readonly<Record<string, LeafUse>> = {
  '1.3.6.1.5.5.7.3.1': 'server',
  '1.3.6.1.5.5.7.3.2': 'client',
};
const URN = /^URI:urn:uuid:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const NETWORK_NAME = /^(?:DNS|IP Address):/;

/**
 * The fields of a leaf, or undefined where it does not have our form. Does not say who signed it: call `signedBy` too.
 */
export function readLeaf(certificate: X509Certificate): Leaf | undefined {
  const publicKey = publicKeyOf(certificate);
  if (publicKey === undefined || certificate.ca) return undefined;
  if (certificate.signatureAlgorithmOid !== ECDSA_WITH_SHA256) return undefined;
  // Node's name for the extended key usages is `keyUsage`.
  const usages = certificate.keyUsage ?? [];
  const use = usages.length === 1 ? LEAF_USES[usages[0]!] : undefined;
  const id = use === undefined ? undefined : idOf(certificate, use);
  if (use === undefined || id === undefined) return undefined;
  const notBefore = certificate.validFromDate.getTime();
  const notAfter = certificate.validToDate.getTime();
  return { use, id, publicKey, notBefore, notAfter };
}

export function judgeDates(
  dates: { readonly notBefore: number; readonly notAfter: number },
  now: number,
): DatesVerdict {
  if (now < dates.notBefore) return 'not-yet-valid';
  return now > dates.notAfter ? 'expired' : 'valid';
}

/**
 * The UUID of the certificate's only URN. A client's certificate has no other name; a server's may name hosts.
 * Node writes a comma inside a name as an escape, so the list can be cut at its commas.
 */
function idOf(certificate: X509Certificate, use: LeafUse): string | undefined {
  const names = namesOf(certificate);
  if (names === undefined) return undefined;
  const others = names.split(', ').filter((name) => use === 'client' || !NETWORK_NAME.test(name));
  return others.length === 1 ? URN.exec(others[0]!)?.[1] : undefined;
}

/** Node 24 throws where a stranger's names cannot be read, Node 26 has none then. */
function namesOf(certificate: X509Certificate): string | undefined {
  try {
    return certificate.subjectAltName;
  } catch {
    return undefined;
  }
}

/** Tags of the fields before the key: version, serial, algorithm, issuer, validity, subject. */
const TAGS_BEFORE_KEY = [0xa0, 0x02, 0x30, 0x30, 0x30, 0x30] as const;

/**
 * The SubjectPublicKeyInfo, or undefined unless it is an uncompressed P-256 key in a version 3 certificate.
 *
 * Cut out of the certificate's bytes, because exporting the key object costs as much as verifying a signature. If this
 * walk ever differed from OpenSSL's, a stranger would get somebody else's key. So it accepts only single-byte tags and
 * definite lengths, and `identifyMember` compares once more where the signer is not ours.
 */
export function publicKeyOf(certificate: X509Certificate): Buffer | undefined {
  const der = certificate.raw;
  const whole = elementAt(der, 0, 0x30);
  let at = whole && elementAt(der, whole.content, 0x30)?.content;
  for (const tag of TAGS_BEFORE_KEY) at = at === undefined ? undefined : elementAt(der, at, tag)?.end;
  const info = at === undefined ? undefined : elementAt(der, at, 0x30);
  if (at === undefined || info === undefined) return undefined;
  const publicKey = der.subarray(at, info.end);
  // A copy, so that keeping the key does not keep the certificate.
  return hasPublicKeyForm(publicKey) ? Buffer.from(publicKey) : undefined;
}

/** Where the content of the DER element at `at` begins and ends, or undefined where it is not the expected element. */
function elementAt(der: Buffer, at: number, tag: number): { content: number; end: number } | undefined {
  const first = der[at + 1];
  if (der[at] !== tag || first === undefined) return undefined;
  if (first < 0x80) return { content: at + 2, end: at + 2 + first };
  const lengthBytes = first - 0x80;
  const content = at + 2 + lengthBytes;
  if (lengthBytes === 0 || lengthBytes > 3 || content > der.length) return undefined;
  return { content, end: content + der.readUIntBE(at + 2, lengthBytes) };
}
