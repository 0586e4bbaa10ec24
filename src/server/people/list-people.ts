/** Lists people by name, page by page, and shows one person with how they sign in. */
import { KeystairError } from '#domain/errors.ts';
import { LIST_PAGE_MAX } from '#domain/limits.ts';
import type { PersonRow } from '#domain/person.ts';
import type { PeopleAnswer, PeopleRoutes } from '#protocol/people/people-routes.ts';
import type { ListedPerson } from '#protocol/people/person-forms.ts';
import type { z } from 'zod';
import { isoTime } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { canSignIn, readCredentials } from './credentials.ts';
import { lastSeen } from './known-people.ts';
import { shownLimits } from './role-limits.ts';
import { readPerson, requirePerson } from './person-rows.ts';

type ListPorts = Pick<ServerPorts, 'rows' | 'server' | 'store'>;

/** A page position as text. Only this server reads it. */
export function positionText(id: string): string {
  return Buffer.from(id).toString('base64url');
}

/** Throws `invalid-argument`. */
export function positionFrom(text: string | undefined): string {
  if (text === undefined) return '';
  const id = Buffer.from(text, 'base64url').toString('utf8');
  if (positionText(id) === text) return id;
  throw new KeystairError('invalid-argument', 'this server did not give the place to list from', {
    nextStep: 'list from the beginning, and give `next` of each page as `after`',
  });
}

export async function listPeople(
  ports: ListPorts,
  { after, limit = LIST_PAGE_MAX }: z.output<PeopleRoutes['listPeople']['request']>,
): Promise<PeopleAnswer<'listPeople'>> {
  const { rows, store } = ports;
  const { reader } = store;
  const page = await reader.rowsAfter('person-name', positionFrom(after), limit);
  const people: ListedPerson[] = [];
  for (const row of page) {
    const found = rows.found<{ readonly person: string }>(row, () => true);
    const person = found === undefined ? undefined : await readPerson(rows, reader, found.person);
    if (person !== undefined) people.push(await listed(ports, person));
  }
  return { next: page.length < limit ? null : positionText(page.at(-1)!.id), people };
}

export async function showPerson(
  ports: ListPorts,
  { id }: z.output<PeopleRoutes['showPerson']['request']>,
): Promise<PeopleAnswer<'showPerson'>> {
  const { rows, store } = ports;
  const { reader } = store;
  const person = await requirePerson(rows, reader, id);
  const credentials = await readCredentials(rows, reader, person.id);
  return {
    person: {
      ...(await listed(ports, person)),
      createdAt: person.createdAt,
      expiresAt: person.service?.expiresAt ?? null,
      provider: person.identity?.provider ?? null,
      passkeys: credentials.passkeys.length,
      setUp: person.service !== null || canSignIn(credentials),
      recoveryCodesLeft: credentials.recoveryCodes.length,
    },
  };
}

async function listed(ports: ListPorts, person: PersonRow): Promise<ListedPerson> {
  const { id, name, service, roles } = person;
  const { reader } = ports.store;
  const seen = await lastSeen(reader, id);
  return {
    id,
    name,
    service: service !== null,
    roles: [...roles],
    limits: await shownLimits(ports, reader, person),
    lastSeenAt: seen === null ? null : isoTime(seen),
  };
}
