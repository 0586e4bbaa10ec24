/**
 * The server's own credentials: its authority, which certifies members, and the leaf with which it answers TLS. Keys
 * lie sealed in the store; the leaf is made anew at start and renewed at two thirds of its life.
 */
import { KeystairError } from '#domain/errors.ts';
import { CERTIFICATE_BACKDATE_MS, CERTIFICATE_MS } from '#domain/limits.ts';
import type { Store, Transaction } from '#store/store.ts';
import { type Authority, issueMemberCertificate, issueServerCertificate } from '#transport/authority.ts';
import { fingerprintOf, makeKeyPair } from '#transport/key-pair.ts';
import { X509Certificate } from 'node:crypto';
import type { Clock } from '../repository/ports.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';

export interface Credentials {
  /** SHA-256 of the authority's public key: what invitations pin. */
  readonly fingerprint: string;
  readonly authorityPem: string;
  /** HOST:PORT under which members reach this server, the best first. */
  addresses(): readonly string[];
  certify(
    memberId: string,
    publicKey: Uint8Array,
  ): Promise<{ certificate: string; authority: string; notAfter: string }>;
}

/** What TLS needs: leaf and authority in one chain, and the leaf's key. */
export interface ServerLeaf {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** Unix ms: when it was made, and from when on it is due to be renewed. */
  readonly madeAt: number;
  readonly renewAt: number;
  readonly notAfter: number;
}

interface AuthorityRow {
  readonly certificatePem: string;
}

const AUTHORITY_KEY = 'authority-key';

/** Makes the authority of a new server, in the transaction that makes the server. */
export async function storeNewAuthority(
  rows: TrustedRows,
  transaction: Transaction,
  authority: Authority,
): Promise<void> {
  const row: AuthorityRow = { certificatePem: authority.certificatePem };
  await rows.put(transaction, 'authority', 'current', row);
  await rows.putSecret(transaction, AUTHORITY_KEY, Buffer.from(authority.privateKeyPem));
}

export async function loadAuthority(rows: TrustedRows, store: Store): Promise<Authority> {
  const row = await rows.get<AuthorityRow>(store.reader, 'authority', 'current');
  const key = await rows.getSecret(store.reader, AUTHORITY_KEY);
  if (row === undefined || key === undefined) {
    throw new KeystairError('row-untrusted', "the row of this server's authority is missing or was altered", {
      nextStep: 'restore the data directory from a backup',
    });
  }
  return { certificatePem: row.certificatePem, privateKeyPem: Buffer.from(key).toString() };
}

export function createCredentials(
  authority: Authority,
  addresses: () => readonly string[],
  clock: Clock,
): Credentials {
  const certificate = new X509Certificate(authority.certificatePem);
  const fingerprint = fingerprintOf(certificate.publicKey.export({ type: 'spki', format: 'der' }));
  return {
    fingerprint,
    authorityPem: authority.certificatePem,
    addresses,
    async certify(memberId, publicKey) {
      const issued = await issueMemberCertificate(authority, { memberId, publicKey, now: clock() });
      return {
        certificate: issued,
        authority: authority.certificatePem,
        notAfter: new Date(clock() + CERTIFICATE_MS).toISOString(),
      };
    },
  };
}

/** At two thirds of its life, and where the clock was set back to before it is valid. */
export function isLeafDue({ madeAt, renewAt }: ServerLeaf, now: number): boolean {
  return now >= renewAt || now < madeAt - CERTIFICATE_BACKDATE_MS;
}

/**
 * A fresh key and certificate for the listener. Members pin the authority, so the leaf may change at any time.
 *
 * @param before the leaf it replaces. Where the clock was set back since, the new one is valid as long as that one:
 * whether the clock is right now or was then, members whose clocks are right find it valid.
 */
export async function makeServerLeaf(
  authority: Authority,
  serverId: string,
  addresses: readonly string[],
  now: number,
  before?: ServerLeaf,
): Promise<ServerLeaf> {
  const pair = makeKeyPair();
  const setBack = before !== undefined && now < before.madeAt;
  const notAfter = setBack ? Math.max(now + CERTIFICATE_MS, before.notAfter) : now + CERTIFICATE_MS;
  const leaf = await issueServerCertificate(authority, {
    serverId,
    publicKey: pair.publicKey,
    addresses,
    now,
    notAfter,
  });
  return {
    certificatePem: `${leaf.trim()}\n${authority.certificatePem}`,
    privateKeyPem: pair.privateKeyPem,
    madeAt: now,
    renewAt: now + (CERTIFICATE_MS * 2) / 3,
    notAfter,
  };
}
