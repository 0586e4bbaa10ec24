/** The server's authority, which certifies members. Its key lies sealed in the store. */
import { KeystairError } from '#domain/errors.ts';
import { CERTIFICATE_MS } from '#domain/limits.ts';
import type { Transaction } from '#store/transaction.ts';
import type { Store } from '#store/store.ts';
import { type Authority, issueMemberCertificate } from '#transport/authority.ts';
import { fingerprintOf } from '#transport/key-pair.ts';
import { X509Certificate } from 'node:crypto';
import type { Clock } from '../environment/environment.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';

export interface Credentials {
  /** SHA-256 of the authority's public key, which invitations pin. */
  readonly fingerprint: string;
  readonly authorityPem: string;
  /** HOST:PORT under which members reach this server, the best first. */
  addresses(): readonly string[];
  certify(
    memberId: string,
    publicKey: Uint8Array,
  ): Promise<{ certificate: string; authority: string; notAfter: string }>;
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
