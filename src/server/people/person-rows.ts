/** The rows of people, found by id, by name or by the hash of a key. A row and its pointers are written together. */
import { KeystairError } from '#domain/errors.ts';
import { sortName } from '#domain/name-order.ts';
import { PEOPLE_MAX } from '#domain/people-limits.ts';
import type { PersonRow } from '#domain/person.ts';
import { step } from '#domain/step.ts';
import { UUID_PATTERN } from '#domain/uuid.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';

/** A pointer from a name, or from the hash of a key, to a person. */
interface Pointer {
  readonly person: string;
}

export function readPerson(rows: TrustedRows, reader: Reader, id: string): Promise<PersonRow | undefined> {
  return rows.get<PersonRow>(reader, 'person', id);
}

/** Ignores the case of letters. */
export async function personByName(
  rows: TrustedRows,
  reader: Reader,
  name: string,
): Promise<PersonRow | undefined> {
  const found = await rows.get<Pointer>(reader, 'person-name', sortName(name.normalize('NFC')));
  const person = found === undefined ? undefined : await readPerson(rows, reader, found.person);
  // Somebody with access to the database may have put back an old pointer to a person who is called otherwise now.
  return person !== undefined && sortName(person.name) === sortName(name.normalize('NFC'))
    ? person
    : undefined;
}

export async function personByKey(
  rows: TrustedRows,
  reader: Reader,
  keyHash: string,
): Promise<PersonRow | undefined> {
  const found = await rows.get<Pointer>(reader, 'api-key', keyHash);
  const person = found === undefined ? undefined : await readPerson(rows, reader, found.person);
  return person?.service?.key === keyHash ? person : undefined;
}

/** The one with this id or name. Throws `not-found`. */
export async function requirePerson(rows: TrustedRows, reader: Reader, wanted: string): Promise<PersonRow> {
  const byId = UUID_PATTERN.test(wanted) ? await readPerson(rows, reader, wanted) : undefined;
  const person = byId ?? (await personByName(rows, reader, wanted));
  if (person !== undefined) return person;
  throw new KeystairError('not-found', `nobody here is called ${JSON.stringify(wanted)} or has that id`, {
    nextStep: step('look-at-people'),
  });
}

/** Throws `already-exists`. */
export async function addPersonRow(
  rows: TrustedRows,
  transaction: Transaction,
  person: PersonRow,
): Promise<void> {
  const name = sortName(person.name);
  if ((await transaction.row('person-name', name)) !== undefined) {
    throw new KeystairError('already-exists', `somebody is called ${JSON.stringify(person.name)} already`, {
      nextStep: 'choose another name; upper and lower case make no difference',
    });
  }
  if ((await transaction.rowsAfter('person', '', PEOPLE_MAX)).length >= PEOPLE_MAX) {
    throw new KeystairError('invalid-argument', `the server has ${PEOPLE_MAX} people already`, {
      nextStep: 'remove those that have left',
    });
  }
  await rows.put(transaction, 'person-name', name, { person: person.id } satisfies Pointer);
  await putPerson(rows, transaction, person);
}

/** The name must be unchanged. */
export async function putPerson(
  rows: TrustedRows,
  transaction: Transaction,
  person: PersonRow,
): Promise<void> {
  await rows.put(transaction, 'person', person.id, person);
  if (person.service === null) return;
  await rows.put(transaction, 'api-key', person.service.key, { person: person.id } satisfies Pointer);
}

export async function deletePersonRows(transaction: Transaction, person: PersonRow): Promise<void> {
  await transaction.deleteRow('person', person.id);
  await transaction.deleteRow('person-name', sortName(person.name));
  await forgetKey(transaction, person);
}

/** Revokes the key; the person's row may stay. */
export async function forgetKey(transaction: Transaction, { service }: PersonRow): Promise<void> {
  if (service !== null) await transaction.deleteRow('api-key', service.key);
}
