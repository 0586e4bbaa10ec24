/**
 * Writing certificates: the one place that knows the certificate library. All are P-256 with ECDSA and SHA-256.
 *
 * The library is loaded at the first certificate that is made: reading and judging them needs none of it, and it takes
 * a tenth of a second and 20 MB that a device's single call should not pay.
 */
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import type * as X509 from '@peculiar/x509';
import type { CertificateName } from './address.ts';
import { checkPublicKey } from './key-pair.ts';

export interface CertificateDraft {
  /** Common names. For people and chain building; nothing is decided by them. */
  readonly subject: string;
  readonly issuer: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  readonly issuerPublicKey: Uint8Array;
  readonly issuerPrivateKeyPem: string;
  /** Unix milliseconds; certificates know whole seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** What it may be used for: to sign certificates, or on one side of a connection. */
  readonly use: 'authority' | 'server' | 'client';
  /** The UUID of whom it names; carried as `urn:uuid:…`. */
  readonly id?: string;
  readonly names?: readonly CertificateName[];
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
/** 127 random bits: positive, and longer than the 64 that RFC 5280 readers expect as a minimum. */
const SERIAL_BYTES = 16;

async function loadLibrary(): Promise<typeof X509> {
  await import('./reflect-metadata.ts');
  return import('@peculiar/x509');
}

/** Returns PEM. Throws `invalid-argument` where the public key has another form. */
export async function buildCertificate(draft: CertificateDraft): Promise<string> {
  checkPublicKey(draft.publicKey);
  const x509 = await loadLibrary();
  const serial = randomBytes(SERIAL_BYTES);
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial.toString('hex'),
    subject: [{ CN: [draft.subject] }],
    issuer: [{ CN: [draft.issuer] }],
    notBefore: wholeSeconds(draft.notBefore),
    notAfter: wholeSeconds(draft.notAfter),
    publicKey: Buffer.from(draft.publicKey),
    signingKey: await importSigningKey(draft.issuerPrivateKeyPem),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      ...usage(x509, draft.use),
      ...alternativeNames(x509, draft),
      await x509.SubjectKeyIdentifierExtension.create(Buffer.from(draft.publicKey)),
      await x509.AuthorityKeyIdentifierExtension.create(Buffer.from(draft.issuerPublicKey)),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

function usage(x509: typeof X509, use: CertificateDraft['use']): X509.Extension[] {
  if (use === 'authority') {
    return [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ];
  }
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.ExtendedKeyUsageExtension([use === 'server' ? SERVER_AUTH : CLIENT_AUTH], true),
  ];
}

function alternativeNames(x509: typeof X509, draft: CertificateDraft): X509.Extension[] {
  const names: X509.JsonGeneralNames = (draft.names ?? []).map(({ type, value }) => ({ type, value }));
  if (draft.id !== undefined) names.unshift({ type: 'url', value: `urn:uuid:${draft.id}` });
  return names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)];
}

function importSigningKey(privateKeyPem: string): Promise<webcrypto.CryptoKey> {
  const pkcs8 = createPrivateKey(privateKeyPem).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', pkcs8, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
}

function wholeSeconds(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
