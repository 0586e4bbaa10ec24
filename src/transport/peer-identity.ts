/**
 * Who is at the other end, by its certificate: pure decisions.
 *
 * A certificate's name is not a role: the result is an id and a key, and the membership row, read at every request,
 * decides whether they belong together and what they may do. Anything other than exactly what one of our authorities
 * writes is the same `stranger`, without a reason that would help an attacker.
 */
import type { X509Certificate } from 'node:crypto';
import { type DatesVerdict, judgeDates, publicKeyOf, readLeaf } from './certificate-fields.ts';
import { fingerprintOf } from './key-pair.ts';
import { readAuthority, signedBy, type TrustedAuthority } from './trusted-authority.ts';

export interface MemberIdentity {
  readonly kind: 'member';
  readonly memberId: string;
  /** SubjectPublicKeyInfo, DER: TLS has proved that the peer holds its private key. */
  readonly publicKey: Buffer;
  /** SHA-256 of the public key; it is compared with the row. */
  readonly fingerprint: string;
  readonly dates: DatesVerdict;
  /** Unix milliseconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export type PeerIdentity =
  /** It presented no certificate. */
  | { readonly kind: 'none' }
  /** A joiner: TLS has proved that it holds this key; nothing else is known of it. */
  | { readonly kind: 'self-signed'; readonly publicKey: Buffer; readonly fingerprint: string }
  | MemberIdentity
  | { readonly kind: 'stranger' };

const NONE: PeerIdentity = { kind: 'none' };
const STRANGER: PeerIdentity = { kind: 'stranger' };

/** Who calls. The dates are reported, not judged: with an expired certificate a member may still renew. */
export function identifyMember(
  certificate: X509Certificate | undefined,
  authorities: readonly TrustedAuthority[],
  now: number,
): PeerIdentity {
  if (certificate === undefined) return NONE;
  const leaf = readLeaf(certificate);
  if (leaf?.use === 'client' && signedBy(certificate, authorities)) {
    return {
      kind: 'member',
      memberId: leaf.id,
      publicKey: leaf.publicKey,
      fingerprint: fingerprintOf(leaf.publicKey),
      dates: judgeDates(leaf, now),
      notBefore: leaf.notBefore,
      notAfter: leaf.notAfter,
    };
  }
  return identifyJoiner(certificate);
}

/** A joiner's dates do not matter: it wrote them itself, by a clock that nobody has checked. */
function identifyJoiner(certificate: X509Certificate): PeerIdentity {
  const publicKey = publicKeyOf(certificate);
  if (publicKey === undefined || certificate.ca || !certificate.checkIssued(certificate)) return STRANGER;
  const key = certificate.publicKey;
  if (!certificate.verify(key) || !publicKey.equals(key.export({ type: 'spki', format: 'der' })))
    return STRANGER;
  return { kind: 'self-signed', publicKey, fingerprint: fingerprintOf(publicKey) };
}

/** The same identity with its dates judged by the clock as it is now. */
export function judgedNow(identity: PeerIdentity, now: number): PeerIdentity {
  if (identity.kind !== 'member') return identity;
  const dates = judgeDates(identity, now);
  return dates === identity.dates ? identity : { ...identity, dates };
}

export interface PinnedServer {
  /** SHA-256 of the authority's public key. Any one of these suffices; a replaced authority leaves several. */
  readonly fingerprints: readonly string[];
  /** The server's id; undefined while joining, when only the authority is known. */
  readonly serverId: string | undefined;
}

export type ServerIdentity =
  /** `dates`: it is the server, but its certificate's dates do not fit our clock. Good only for a renewal. */
  | {
      readonly kind: 'trusted' | 'dates';
      readonly serverId: string;
      readonly notBefore: number;
      readonly notAfter: number;
    }
  /** @property reason in words, to stand after "its certificate". */
  | { readonly kind: 'untrusted'; readonly reason: string };

/**
 * Who answers. The authority is looked for among the certificates presented with the leaf, by its key's fingerprint: a
 * joiner knows no more than that. A member's certificate from the same authority does not count as a server's.
 */
export function identifyServer(
  certificate: X509Certificate | undefined,
  pinned: PinnedServer,
  now: number,
): ServerIdentity {
  if (certificate === undefined) return untrusted('was not presented');
  if (!signedBy(certificate, pinnedAuthorities(certificate, pinned.fingerprints))) {
    return untrusted('is not from the authority that was pinned when joining');
  }
  const leaf = readLeaf(certificate);
  if (leaf?.use !== 'server') return untrusted('is not a server certificate');
  if (pinned.serverId !== undefined && leaf.id !== pinned.serverId) {
    return untrusted(`belongs to the server ${leaf.id}`);
  }
  const kind = judgeDates(leaf, now) === 'valid' ? 'trusted' : 'dates';
  return { kind, serverId: leaf.id, notBefore: leaf.notBefore, notAfter: leaf.notAfter };
}

function pinnedAuthorities(
  leaf: X509Certificate,
  fingerprints: readonly string[],
): readonly TrustedAuthority[] {
  const found: TrustedAuthority[] = [];
  // OpenSSL accepts 100 KiB of certificates, which are some 200.
  for (let next = leaf.issuerCertificate; next !== undefined; next = next.issuerCertificate) {
    const publicKey = publicKeyOf(next);
    if (publicKey !== undefined && fingerprints.includes(fingerprintOf(publicKey))) {
      const authority = readAuthority(next);
      if (authority !== undefined) found.push(authority);
    }
  }
  return found;
}

function untrusted(reason: string): ServerIdentity {
  return { kind: 'untrusted', reason };
}
