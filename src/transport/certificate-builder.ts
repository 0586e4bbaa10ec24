/**
 * Writing certificates: the one place that knows the ASN.1 library. All are P-256 with ECDSA and SHA-256.
 *
 * The library is loaded when the first certificate is made: reading and judging certificates does not need it, and a
 * device's single call should not pay for it.
 */
import { hash, randomBytes, sign, X509Certificate } from 'node:crypto';
import type * as Asn1 from '@peculiar/asn1-schema';
import type * as X509 from '@peculiar/asn1-x509';
import type { CertificateName } from './address.ts';
import { ECDSA_WITH_SHA256 } from './certificate-fields.ts';
import { checkPublicKey, pointOf } from './key-pair.ts';

export interface CertificateDraft {
  /** Common names, for people and chain building; they decide nothing. */
  readonly subject: string;
  readonly issuer: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  readonly issuerPublicKey: Uint8Array;
  readonly issuerPrivateKeyPem: string;
  /** Unix milliseconds; certificates know whole seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Its use: to sign certificates, or one side of a connection. */
  readonly use: 'authority' | 'server' | 'client';
  /** The UUID of the holder; carried as `urn:uuid:…`. */
  readonly id?: string;
  readonly names?: readonly CertificateName[];
}

/** RFC 5480 section 2.1: the algorithm, and the name of the curve as its parameter, DER. */
const EC_PUBLIC_KEY = '1.2.840.10045.2.1';
const P256 = Buffer.from('06082a8648ce3d030107', 'hex');
const COMMON_NAME = '2.5.4.3';
/** The characters of a PrintableString (X.680 section 41.4). The names of our authorities fit. */
const PRINTABLE = /^[A-Za-z0-9 '()+,./:=?-]*$/;
/** 127 random bits: positive, and longer than the 64 that RFC 5280 readers expect as a minimum. */
const SERIAL_BYTES = 16;

type Library = typeof X509 & Pick<typeof Asn1, 'AsnConvert' | 'OctetString'>;

async function loadLibrary(): Promise<Library> {
  const { AsnConvert, OctetString } = await import('@peculiar/asn1-schema');
  return { ...(await import('@peculiar/asn1-x509')), AsnConvert, OctetString };
}

/** Returns PEM. Throws `invalid-argument` where the public key has another form. */
export async function buildCertificate(draft: CertificateDraft): Promise<string> {
  checkPublicKey(draft.publicKey);
  const library = await loadLibrary();
  const { AlgorithmIdentifier, AsnConvert, Certificate, TBSCertificate, Validity } = library;
  const signatureAlgorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const toSign = new TBSCertificate({
    version: library.Version.v3,
    serialNumber: serialNumber(),
    signature: signatureAlgorithm,
    issuer: commonName(library, draft.issuer),
    validity: new Validity({
      notBefore: wholeSeconds(draft.notBefore),
      notAfter: wholeSeconds(draft.notAfter),
    }),
    subject: commonName(library, draft.subject),
    subjectPublicKeyInfo: new library.SubjectPublicKeyInfo({
      algorithm: new AlgorithmIdentifier({ algorithm: EC_PUBLIC_KEY, parameters: bytesOf(P256) }),
      subjectPublicKey: bytesOf(pointOf(draft.publicKey)),
    }),
    extensions: new library.Extensions([
      ...usage(library, draft.use),
      ...alternativeNames(library, draft),
      ...keyIdentifiers(library, draft),
    ]),
  });
  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(toSign)), draft.issuerPrivateKeyPem);
  const certificate = new Certificate({
    tbsCertificate: toSign,
    signatureAlgorithm,
    signatureValue: bytesOf(signature),
  });
  return new X509Certificate(Buffer.from(AsnConvert.serialize(certificate))).toString();
}

function serialNumber(): ArrayBuffer {
  const serial = randomBytes(SERIAL_BYTES);
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  return bytesOf(serial);
}

function commonName(library: Library, name: string): X509.Name {
  // The same name must give the same bytes: some readers compare an issuer with its authority's subject by them.
  const value = new library.AttributeValue(
    PRINTABLE.test(name) ? { printableString: name } : { utf8String: name },
  );
  const attribute = new library.AttributeTypeAndValue({ type: COMMON_NAME, value });
  return new library.Name([new library.RelativeDistinguishedName([attribute])]);
}

function extension(library: Library, extnID: string, critical: boolean, value: unknown): X509.Extension {
  const extnValue = new library.OctetString(library.AsnConvert.serialize(value));
  return new library.Extension({ extnID, critical, extnValue });
}

function usage(library: Library, use: CertificateDraft['use']): X509.Extension[] {
  const { BasicConstraints, id_ce_basicConstraints, id_ce_extKeyUsage, id_ce_keyUsage } = library;
  if (use === 'authority') {
    const constraints = new BasicConstraints({ cA: true, pathLenConstraint: 0 });
    const mayBeUsed = new library.KeyUsage(library.KeyUsageFlags.keyCertSign);
    return [
      extension(library, id_ce_basicConstraints, true, constraints),
      extension(library, id_ce_keyUsage, true, mayBeUsed),
    ];
  }
  const purpose = use === 'server' ? library.id_kp_serverAuth : library.id_kp_clientAuth;
  return [
    extension(library, id_ce_basicConstraints, true, new BasicConstraints({ cA: false })),
    extension(library, id_ce_extKeyUsage, true, new library.ExtendedKeyUsage([purpose])),
  ];
}

function alternativeNames(library: Library, draft: CertificateDraft): X509.Extension[] {
  const { GeneralName } = library;
  const names = (draft.names ?? []).map(
    ({ type, value }) => new GeneralName(type === 'ip' ? { iPAddress: value } : { dNSName: value }),
  );
  if (draft.id !== undefined) {
    names.unshift(new GeneralName({ uniformResourceIdentifier: `urn:uuid:${draft.id}` }));
  }
  if (names.length === 0) return [];
  const value = new library.SubjectAlternativeName(names);
  return [extension(library, library.id_ce_subjectAltName, false, value)];
}

/** RFC 5280 section 4.2.1.2, method 1. They name keys for chain building; they decide nothing. */
function keyIdentifiers(library: Library, draft: CertificateDraft): X509.Extension[] {
  const { AuthorityKeyIdentifier, KeyIdentifier, SubjectKeyIdentifier } = library;
  const nameOf = (publicKey: Uint8Array): ArrayBuffer => bytesOf(hash('sha1', pointOf(publicKey), 'buffer'));
  const own = new SubjectKeyIdentifier(nameOf(draft.publicKey));
  const keyIdentifier = new KeyIdentifier(nameOf(draft.issuerPublicKey));
  return [
    extension(library, library.id_ce_subjectKeyIdentifier, false, own),
    extension(
      library,
      library.id_ce_authorityKeyIdentifier,
      false,
      new AuthorityKeyIdentifier({ keyIdentifier }),
    ),
  ];
}

/** In memory of its own: a small buffer is a view of a larger one. */
function bytesOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

function wholeSeconds(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
