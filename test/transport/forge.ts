/**
 * Certificates as an attacker, a careless tool or a later defect of ours might write them: every part is free.
 */
import './reflect-metadata.ts';
import { createPrivateKey, generateKeyPairSync, KeyObject, randomUUID, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Authority } from '#transport/authority.ts';
import { trustAuthority } from '#transport/trusted-authority.ts';
import { DAY_MS, NOW } from './office.ts';

/** Loaded here, after what it needs; tests take it from here. */
export { x509 };

export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

export interface Forged {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export interface Forgery {
  /** Of the holder; P-256 unless said otherwise. */
  readonly keys?: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly issuerName?: string;
  readonly subject?: string;
  readonly hash?: 'SHA-256' | 'SHA-384';
  readonly usages?: readonly string[];
  readonly names?: readonly (readonly x509.JsonGeneralNames[number][])[];
  readonly authority?: boolean;
  readonly extensions?: readonly x509.Extension[];
  readonly dates?: readonly [number, number];
  /** Without the id of the signer's key, by which OpenSSL would see at once that a name was borrowed. */
  readonly withoutKeyId?: boolean;
}

/** One SAN extension with the one URN of our members. */
export const MEMBER_NAME: x509.JsonGeneralNames = [{ type: 'url', value: `urn:uuid:${randomUUID()}` }];

export function p256() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** Signs what it is told with the signer's key; without a signer, with the holder's own. */
export async function forge(signer: Authority | undefined, forgery: Forgery = {}): Promise<Forged> {
  const keys = forgery.keys ?? p256();
  const privateKeyPem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' });
  const holderKey = keys.publicKey.export({ type: 'spki', format: 'der' });
  const signerKey = signer === undefined ? holderKey : trustAuthority(signer.certificatePem).publicKeyDer;
  const subject = forgery.subject ?? 'Keystair member';
  const issuer = forgery.issuerName ?? (signer === undefined ? subject : issuerOf(signer));
  const [notBefore, notAfter] = forgery.dates ?? [NOW - DAY_MS, NOW + DAY_MS];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: '4b',
    subject: [{ CN: [subject] }],
    issuer: [{ CN: [issuer] }],
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    publicKey: holderKey,
    signingKey: await signingKey(signer?.privateKeyPem ?? privateKeyPem),
    signingAlgorithm: { name: 'ECDSA', hash: forgery.hash ?? 'SHA-256' },
    extensions: [
      new x509.BasicConstraintsExtension(forgery.authority ?? false, undefined, true),
      ...((forgery.usages?.length ?? 0) > 0
        ? [new x509.ExtendedKeyUsageExtension([...forgery.usages!], true)]
        : []),
      ...(forgery.names ?? []).map((names) => new x509.SubjectAlternativeNameExtension([...names])),
      ...(forgery.withoutKeyId === true
        ? []
        : [await x509.AuthorityKeyIdentifierExtension.create(signerKey)]),
      ...(forgery.extensions ?? []),
    ],
  });
  return { certificatePem: `${certificate.toString('pem')}\n`, privateKeyPem };
}

/** A leaf of ours in every respect, but for what is changed. */
export function forgeMember(signer: Authority | undefined, changed: Forgery = {}): Promise<Forged> {
  return forge(signer, { usages: [CLIENT_AUTH], names: [MEMBER_NAME], ...changed });
}

/** The same certificate with one bit of its bytes turned over; counted from the end. */
export function flipBit(forged: Forged, fromEnd: number): Forged {
  const der = Buffer.from(new x509.X509Certificate(forged.certificatePem).rawData);
  der[der.length - fromEnd]! ^= 1;
  return { ...forged, certificatePem: `${x509.PemConverter.encode(der, 'CERTIFICATE')}\n` };
}

export function issuerOf(authority: Authority): string {
  return trustAuthority(authority.certificatePem).certificate.subject.replace(/^CN=/, '');
}

function signingKey(privateKeyPem: string): Promise<webcrypto.CryptoKey> {
  const key = createPrivateKey(privateKeyPem);
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', pkcs8, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
}
