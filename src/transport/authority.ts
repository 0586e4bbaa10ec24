/**
 * A server as a small certificate authority for its own devices and secondaries, and the joiner's own certificate.
 *
 * A certificate says who holds which key, and on which side of a connection; never what its holder may do. The member's
 * id and the server's stand in a URN, so that two servers with one name cannot be mixed up.
 */
import { X509Certificate } from 'node:crypto';
import { AUTHORITY_MS, CERTIFICATE_BACKDATE_MS, CERTIFICATE_MS } from '#domain/limits.ts';
import { certificateName } from './address.ts';
import { buildCertificate } from './certificate-builder.ts';
import { type KeyPair, makeKeyPair } from './key-pair.ts';
import { trustAuthority } from './trusted-authority.ts';

export interface Authority {
  /** PKCS #8. A secret: seal it, never print it. */
  readonly privateKeyPem: string;
  readonly certificatePem: string;
}

/** Makes a new authority: a key pair and a self-signed certificate that can sign leaves and nothing below. */
export async function createAuthority(request: {
  readonly serverId: string;
  /** Unix milliseconds. */
  readonly now: number;
}): Promise<Authority> {
  const pair = makeKeyPair();
  const name = `Keystair authority ${request.serverId}`;
  const certificatePem = await buildCertificate({
    subject: name,
    issuer: name,
    publicKey: pair.publicKey,
    issuerPublicKey: pair.publicKey,
    issuerPrivateKeyPem: pair.privateKeyPem,
    notBefore: request.now - CERTIFICATE_BACKDATE_MS,
    notAfter: request.now + AUTHORITY_MS,
    use: 'authority',
  });
  return { privateKeyPem: pair.privateKeyPem, certificatePem };
}

/**
 * The leaf with which a server answers, PEM; the chain to present is this and the authority's certificate.
 *
 * @param request.addresses HOST or HOST:PORT. Our own clients ignore them; people and proxies may read them.
 */
export function issueServerCertificate(
  authority: Authority,
  request: {
    readonly serverId: string;
    readonly publicKey: Uint8Array;
    readonly addresses: readonly string[];
    readonly now: number;
    /** Unix milliseconds; the usual life unless given. */
    readonly notAfter?: number;
  },
): Promise<string> {
  const names = new Map(
    request.addresses.map((address) => [certificateName(address).value, certificateName(address)]),
  );
  return issue(authority, {
    subject: `Keystair server ${request.serverId}`,
    id: request.serverId,
    names: [...names.values()],
    use: 'server',
    publicKey: request.publicKey,
    now: request.now,
    ...(request.notAfter === undefined ? {} : { notAfter: request.notAfter }),
  });
}

/** The certificate with which a device or a secondary calls, PEM. A server cannot use it to answer. */
export function issueMemberCertificate(
  authority: Authority,
  request: { readonly memberId: string; readonly publicKey: Uint8Array; readonly now: number },
): Promise<string> {
  return issue(authority, {
    subject: `Keystair member ${request.memberId}`,
    id: request.memberId,
    use: 'client',
    publicKey: request.publicKey,
    now: request.now,
  });
}

/**
 * The certificate of a joiner that has none yet, PEM: with it, TLS itself proves that the joiner holds the key which
 * spends the invitation.
 */
export function selfSignedCertificate(request: {
  readonly keyPair: KeyPair;
  readonly now: number;
}): Promise<string> {
  const { publicKey, privateKeyPem } = request.keyPair;
  const name = 'Keystair joiner';
  return buildCertificate({
    subject: name,
    issuer: name,
    publicKey,
    issuerPublicKey: publicKey,
    issuerPrivateKeyPem: privateKeyPem,
    ...leafDates(request.now),
    use: 'client',
  });
}

function issue(
  authority: Authority,
  request: Pick<Parameters<typeof buildCertificate>[0], 'subject' | 'id' | 'names' | 'use' | 'publicKey'> & {
    readonly now: number;
    readonly notAfter?: number;
  },
): Promise<string> {
  const { now, notAfter, ...draft } = request;
  return buildCertificate({
    ...draft,
    issuer: commonNameOf(authority.certificatePem),
    issuerPublicKey: trustAuthority(authority.certificatePem).publicKeyDer,
    issuerPrivateKeyPem: authority.privateKeyPem,
    ...leafDates(now),
    ...(notAfter === undefined ? {} : { notAfter }),
  });
}

function leafDates(now: number): { notBefore: number; notAfter: number } {
  return { notBefore: now - CERTIFICATE_BACKDATE_MS, notAfter: now + CERTIFICATE_MS };
}

/** Ours have a common name and nothing else. */
function commonNameOf(certificatePem: string): string {
  return new X509Certificate(certificatePem).subject.replace(/^CN=/, '');
}
