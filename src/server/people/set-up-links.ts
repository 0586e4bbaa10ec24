/**
 * One-time set-up links, by which a person chooses how they sign in. Only the token's hash is stored.
 *
 * Invariant: a person has at most one open link, the newest. It ends when it is used, after an hour, when the person is
 * reset or removed, and when the server is restored from a backup.
 */
import { hash } from 'node:crypto';
import { KeystairError } from '#domain/errors.ts';
import { SET_UP_MS, TOKEN_BYTES } from '#domain/people-limits.ts';
import type { PersonRow } from '#domain/person.ts';
import { step } from '#domain/step.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import { isoTime } from '../environment/environment.ts';
import { type Expiring, isExpired, latestTime } from '../repository/known-time.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';
import type { KeptPassword } from './credentials.ts';
import { readPerson } from './person-rows.ts';

export interface SetUpRow extends Expiring {
  readonly expiresAt: string;
  readonly person: string;
  readonly generation: number;
  /** The chosen password, while the first code is still to come. */
  readonly password: KeptPassword | null;
}

export interface OpenSetUp {
  readonly id: string;
  readonly link: SetUpRow;
  readonly person: PersonRow;
}

function hashOf(token: string): string {
  return hash('sha256', `keystair/set-up/${token}`, 'hex');
}

/** The token follows the #: browsers send that part to no server, so no log contains it. */
export async function makeSetUpLink(
  { rows, clock, random }: Pick<ServerPorts, 'clock' | 'random' | 'rows'>,
  transaction: Transaction,
  { id: person, generation }: PersonRow,
  consoleUrl: string,
): Promise<{ readonly url: string; readonly expiresAt: string }> {
  const token = Buffer.from(random(TOKEN_BYTES)).toString('base64url');
  const expiresAt = isoTime(clock() + SET_UP_MS);
  const knownAt = isoTime(await latestTime({ rows, clock }, transaction));
  const row: SetUpRow = { person, generation, expiresAt, knownAt, password: null };
  await putSetUp(rows, transaction, hashOf(token), row);
  return { url: `${consoleUrl}/set-up#${token}`, expiresAt };
}

export function putSetUp(
  rows: TrustedRows,
  transaction: Transaction,
  id: string,
  row: SetUpRow,
): Promise<void> {
  return rows.put(transaction, 'set-up', id, row);
}

/** Ends the links of one person. There are only as many rows as people with an unused link. */
export async function voidSetUpLinks(
  rows: TrustedRows,
  transaction: Transaction,
  personId: string,
): Promise<void> {
  for (const { id, value } of await rows.all<SetUpRow>(transaction, 'set-up'))
    if (value.person === personId) await transaction.deleteRow('set-up', id);
}

/** Throws `set-up-link-invalid`, with the same message whatever is wrong. */
export async function requireSetUp(
  ports: Pick<ServerPorts, 'clock' | 'rows'>,
  reader: Reader,
  token: string,
): Promise<OpenSetUp> {
  const id = hashOf(token);
  const link = await ports.rows.get<SetUpRow>(reader, 'set-up', id);
  const person = link === undefined ? undefined : await readPerson(ports.rows, reader, link.person);
  if (link !== undefined && person !== undefined && person.generation === link.generation) {
    if (!(await isExpired(ports, reader, link))) return { id, link, person };
  }
  throw new KeystairError(
    'set-up-link-invalid',
    'this set-up link was used or replaced, is more than an hour old, or is not from this server',
    { nextStep: step('ask-for-set-up') },
  );
}
