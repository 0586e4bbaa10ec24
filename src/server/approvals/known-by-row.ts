/**
 * People as approvals need them: who they are and what they may do, read from the rows at each judgement.
 *
 * Invariant: their rights are those they have at the gate. A person whom no provider vouches for any more has none.
 */
import type { KnownPerson } from '#domain/approval.ts';
import { PEOPLE_MAX } from '#domain/people-limits.ts';
import type { PersonRow } from '#domain/person.ts';
import type { Reader } from '#store/transaction.ts';
import { canSignIn, readCredentials } from '../people/credentials.ts';
import { readPerson } from '../people/person-rows.ts';
import type { Providers } from '../people/providers.ts';
import { rightsOf } from '../people/role-rows.ts';
import type { ServerPorts } from '../repository/ports.ts';

export interface KnownByRowPorts extends Pick<ServerPorts, 'rows'> {
  readonly providers: Pick<Providers, 'limit'>;
}

/** The person as they are now; undefined if unknown or removed. */
export async function personById(
  ports: KnownByRowPorts,
  reader: Reader,
  id: string | null,
): Promise<KnownPerson | undefined> {
  const person = id === null ? undefined : await readPerson(ports.rows, reader, id);
  return person === undefined ? undefined : known(ports, reader, person);
}

/** The people who could sign in now. */
export async function peopleWhoSignIn(
  ports: KnownByRowPorts,
  reader: Reader,
): Promise<readonly KnownPerson[]> {
  const { rows } = ports;
  const found: KnownPerson[] = [];
  for (const { value } of (await rows.all<PersonRow>(reader, 'person')).slice(0, PEOPLE_MAX)) {
    if (value.service !== null) continue;
    const ways = await readCredentials(rows, reader, value.id);
    if (canSignIn(ways) || value.identity !== null) found.push(await known(ports, reader, value));
  }
  return found;
}

async function known(
  { rows, providers }: KnownByRowPorts,
  reader: Reader,
  person: PersonRow,
): Promise<KnownPerson> {
  const { id, name, service, identity } = person;
  const rights = providers.limit(identity, await rightsOf(rows, reader, person)) ?? [];
  return { id, name, rights, service: service !== null, ownedBy: service?.owner ?? null };
}
