/** The rows that lead from a provider's identity to a person, by issuer and subject alone. */
import { hash } from 'node:crypto';
import type { PersonRow, ProvidedIdentity } from '#domain/person.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';
import { readPerson } from './person-rows.ts';

interface Pointer {
  readonly person: string;
}

function identityId({ issuer, subject }: Pick<ProvidedIdentity, 'issuer' | 'subject'>): string {
  return hash('sha256', `keystair/identity/${JSON.stringify([issuer, subject])}`, 'hex');
}

type Vouched = Pick<ProvidedIdentity, 'issuer' | 'subject'>;

export async function personOfIdentity(
  rows: TrustedRows,
  reader: Reader,
  vouched: Vouched,
): Promise<PersonRow | undefined> {
  const pointer = await rows.get<Pointer>(reader, 'identity', identityId(vouched));
  const person = pointer === undefined ? undefined : await readPerson(rows, reader, pointer.person);
  const isTheirs = person?.identity?.issuer === vouched.issuer && person.identity.subject === vouched.subject;
  return isTheirs ? person : undefined;
}

export function putIdentity(
  rows: TrustedRows,
  transaction: Transaction,
  vouched: Vouched,
  person: string,
): Promise<void> {
  return rows.put(transaction, 'identity', identityId(vouched), { person } satisfies Pointer);
}

/** Called when the person's row is removed. */
export function deleteIdentityRow(transaction: Transaction, { identity }: PersonRow): Promise<void> {
  return identity === null ? Promise.resolve() : transaction.deleteRow('identity', identityId(identity));
}
