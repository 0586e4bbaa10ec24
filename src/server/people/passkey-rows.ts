/** The rows that lead from a passkey to its person. */
import { hash } from 'node:crypto';
import type { Transaction } from '#store/transaction.ts';
import type { Passkey } from './credentials.ts';

/** The id by which rows and people refer to a passkey. */
export function passkeyId(credentialId: string): string {
  return hash('sha256', `keystair/passkey/${credentialId}`, 'hex').slice(0, 32);
}

/** Removes all rows of a person whose credentials end. */
export async function deletePasskeyRows(
  transaction: Transaction,
  passkeys: readonly Passkey[],
): Promise<void> {
  for (const { credentialId } of passkeys) await transaction.deleteRow('passkey', passkeyId(credentialId));
}
