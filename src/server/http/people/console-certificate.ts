/**
 * The certificate of the people's listener: the operator's, read again when its files change, or one from this server's
 * own authority.
 *
 * The server's own certificate is in the data directory with its key, because a sealed server must present it and
 * cannot make one. It is valid for long, because the command line and people pin its fingerprint.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { requireOwnFile } from '#disk/closed-directory.ts';
import { writeWholeFile } from '#disk/whole-file.ts';
import { KeystairError } from '#domain/errors.ts';
import { type Authority, issueServerCertificate } from '#transport/authority.ts';
import { makeKeyPair } from '#transport/key-pair.ts';
import type { TlsCredentials } from '#transport/tls-context.ts';
import type { Clock, Random } from '../../environment/environment.ts';

/** The longest validity that browsers accept for a certificate added by the user. */
const OWN_CERTIFICATE_MS = 825 * 24 * 60 * 60 * 1000;
/** When the listener starts, it makes a new one if the old one expires within this time. */
const RENEW_BEFORE_MS = 60 * 24 * 60 * 60 * 1000;
const OWN_FILE = 'console.pem';
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN (?:\w+ )?PRIVATE KEY-----[^-]+-----END (?:\w+ )?PRIVATE KEY-----/;

export interface CertificateFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** SHA-256 of the certificate, as browsers and `openssl x509 -fingerprint` show it: pairs of digits with colons. */
export function certificateFingerprint(certificatePem: string): string {
  return new X509Certificate(certificatePem).fingerprint256;
}

/** Reads the operator's pair. Throws `invalid-argument` where it is not one. */
export function readCertificateFiles({ certificateFile, keyFile }: CertificateFiles): TlsCredentials {
  let credentials: TlsCredentials;
  try {
    credentials = {
      certificatePem: readFileSync(certificateFile, 'utf8'),
      privateKeyPem: readFileSync(keyFile, 'utf8'),
    };
    createSecureContext({ cert: credentials.certificatePem, key: credentials.privateKeyPem });
    return credentials;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new KeystairError(
      'invalid-argument',
      `the certificate ${certificateFile} and the key ${keyFile} cannot be used (${code ?? 'unreadable'})`,
      {
        nextStep: 'give a PEM certificate with its chain, and the unencrypted PEM key that belongs to it',
        cause,
      },
    );
  }
}

/** A text that changes when one of the files does. */
export function versionOf({ certificateFile, keyFile }: CertificateFiles): string {
  return [certificateFile, keyFile]
    .map((path) => statSync(path, { throwIfNoEntry: false }))
    .map((found) => `${found?.ino} ${found?.mtimeMs} ${found?.size}`)
    .join(' ');
}

export interface OwnCertificatePorts {
  readonly dataDirectory: string;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The server's stored certificate, if it is valid for these names for some time.
 *
 * @param names HOST or HOST:PORT.
 */
export function readOwnCertificate(
  { dataDirectory, clock }: Pick<OwnCertificatePorts, 'dataDirectory' | 'clock'>,
  names: readonly string[],
): TlsCredentials | undefined {
  const path = join(dataDirectory, OWN_FILE);
  if (!requireOwnFile(path)) return undefined;
  const text = readFileSync(path, 'utf8');
  const certificatePem = text.match(CERTIFICATE)?.join('\n');
  const privateKeyPem = PRIVATE_KEY.exec(text)?.[0];
  if (certificatePem === undefined || privateKeyPem === undefined) return undefined;
  try {
    const leaf = new X509Certificate(certificatePem);
    createSecureContext({ cert: certificatePem, key: privateKeyPem });
    if (leaf.validToDate.getTime() < clock() + RENEW_BEFORE_MS) return undefined;
    const fits = names.every(
      (name) => leaf.checkHost(name) !== undefined || leaf.checkIP(name) !== undefined,
    );
    return fits ? { certificatePem, privateKeyPem } : undefined;
  } catch {
    // It is truncated or altered; a new one will be made.
    return undefined;
  }
}

export async function makeOwnCertificate(
  { dataDirectory, clock, random }: OwnCertificatePorts,
  authority: Authority,
  serverId: string,
  names: readonly string[],
): Promise<TlsCredentials> {
  const pair = makeKeyPair();
  const now = clock();
  const leaf = await issueServerCertificate(authority, {
    serverId,
    publicKey: pair.publicKey,
    addresses: names,
    now,
    notAfter: now + OWN_CERTIFICATE_MS,
  });
  const certificatePem = `${leaf.trim()}\n${authority.certificatePem}`;
  const text = `${certificatePem.trim()}\n${pair.privateKeyPem}`;
  await writeWholeFile({ path: join(dataDirectory, OWN_FILE), force: true, random }, once(Buffer.from(text)));
  return { certificatePem, privateKeyPem: pair.privateKeyPem };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
