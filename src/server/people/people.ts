/**
 * People and service accounts: adds, changes and removes them, and gives each a way in: a one-time link, or a key.
 *
 * Invariant: one transaction writes each change, the rows that find it and its audit event. A link or a key is made
 * outside it and shown once.
 */
import { KeystairError } from '#domain/errors.ts';
import { readName } from '#domain/name.ts';
import { TOKEN_BYTES } from '#domain/people-limits.ts';
import type { PersonRow, Service } from '#domain/person.ts';
import type { Caller } from '#domain/right.ts';
import { rightsBeyond } from '#domain/scope.ts';
import { step } from '#domain/step.ts';
import { personVersion } from '#protocol/people/person-forms.ts';
import type { PeopleAnswer, PeopleRoutes } from '#protocol/people/people-routes.ts';
import type { WayIn } from '#protocol/people/routes/people.ts';
import type { z } from 'zod';
import type { Reader, Transaction } from '#store/transaction.ts';
import type { Refusals } from '../audit/refusals.ts';
import { type CallLife, UNWATCHED } from '../environment/call-life.ts';
import { isoTime, uuidFrom } from '../environment/environment.ts';
import { readGroups } from '../groups/group-rows.ts';
import { latestTime } from '../repository/known-time.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';
import { deleteCredentials, readCredentials } from './credentials.ts';
import { deletePasskeyRows } from './passkey-rows.ts';
import { keepingManager, requireHeld } from './giving.ts';
import { API_KEY_PREFIX, hashApiKey } from './known-people.ts';
import {
  addPersonRow,
  deletePersonRows,
  forgetKey,
  putPerson,
  readPerson,
  requirePerson,
} from './person-rows.ts';
import { deleteIdentityRow } from './identity-rows.ts';
import { askedLimits, givenAnew, isNarrowed, shownLimits, withLimits } from './role-limits.ts';
import { requireRoles, rightsOf } from './role-rows.ts';
import { endSessionsOf } from './sessions.ts';
import { makeSetUpLink, voidSetUpLinks } from './set-up-links.ts';

export interface PeoplePorts
  extends Pick<ServerPorts, 'audit' | 'barrier' | 'clock' | 'log' | 'random' | 'rows' | 'server' | 'store'> {
  readonly refusals: Pick<Refusals, 'note'>;
  /** Ends what rests on a right that somebody lost, and all that rests on this person. */
  readonly rightsLost: (transaction: Transaction, person?: string) => Promise<void>;
  /** The address where people sign in; null if the server has no console. */
  readonly consoleUrl: () => string | null;
}

type Asked<N extends keyof PeopleRoutes> = z.output<PeopleRoutes[N]['request']>;

export function shown({ id, name, roles }: PersonRow): { id: string; name: string; roles: string[] } {
  return { id, name, roles: [...roles] };
}

export async function addPerson(
  ports: PeoplePorts,
  caller: Caller,
  { name: given, roles: names = [], limits: asked = [], service = false, expiresMs }: Asked<'addPerson'>,
  { made }: Pick<CallLife, 'made'> = UNWATCHED,
): Promise<WayIn> {
  const read = readName(given);
  if ('fault' in read) throw new KeystairError('invalid-argument', `the name ${read.fault}`);
  if (!service && expiresMs !== undefined) {
    throw new KeystairError('invalid-argument', 'only the key of a service account can be given an expiry', {
      nextStep: 'leave it out: the link of a person is valid for an hour',
    });
  }
  if (!service) requireConsole(ports);
  const { reader } = ports.store;
  const roles = await requireRoles(ports.rows, reader, names);
  const limits = await askedLimits(ports, reader, roles, asked);
  const tree = await readGroups(ports.rows, reader);
  await requireHeld(ports, caller, givenAnew(tree, roles, limits), 'addPerson');
  const person: PersonRow = {
    id: uuidFrom(ports.random),
    name: read.name,
    roles: roles.map(({ name }) => name),
    ...withLimits(limits),
    createdAt: isoTime(ports.clock()),
    generation: 1,
    service: null,
    identity: null,
  };
  return ports.store.write(async (transaction) => {
    const added = service ? await withKey(ports, transaction, caller, person, expiresMs) : { person };
    await made(transaction);
    await addPersonRow(ports.rows, transaction, added.person);
    await ports.audit.append(transaction, [
      {
        event: 'person-added',
        by: caller.name,
        person: person.id,
        name: person.name,
        service,
        roles: person.roles,
        ...withLimits(limits),
      },
    ]);
    return wayIn(ports, transaction, added);
  });
}

export async function setPerson(
  ports: PeoplePorts,
  caller: Caller,
  { id, roles: names, limits: asked }: Asked<'setPerson'>,
  { requireVersion }: Pick<CallLife, 'requireVersion'> = UNWATCHED,
): Promise<PeopleAnswer<'setPerson'>> {
  const { rows, store, audit } = ports;
  const { id: found } = await requirePerson(rows, store.reader, id);
  const before = await readPerson(rows, store.reader, found);
  if (before !== undefined) requireOfThisServer(before);
  const anew = async (reader: Reader, person: PersonRow | undefined) => {
    const roles = await requireRoles(rows, reader, names);
    const limits = await askedLimits(ports, reader, roles, asked, person?.limits);
    return { roles, limits, given: givenAnew(await readGroups(rows, reader), roles, limits, person) };
  };
  await requireHeld(ports, caller, (await anew(store.reader, before)).given, 'setPerson');
  return store.write((transaction) =>
    keepingManager(rows, transaction, async () => {
      const person = await requirePerson(rows, transaction, found);
      requireVersion(
        personVersion(shown(person), await shownLimits(ports, transaction, person)),
        person.changed,
      );
      const { roles, limits, given } = await anew(transaction, person);
      // Somebody changed the roles since the rights of the caller were compared.
      if (rightsBeyond(given, caller.rights).length > 0) throw changedMeanwhile();
      const { limits: limitsBefore = {}, ...rest } = person;
      const changed: PersonRow = {
        ...rest,
        roles: roles.map(({ name }) => name),
        ...withLimits(limits),
        changed: { by: caller.name, at: isoTime(ports.clock()) },
      };
      await putPerson(rows, transaction, changed);
      const narrowed = await isNarrowed(rows, transaction, person, changed);
      await ports.rightsLost(transaction, narrowed ? person.id : undefined);
      await audit.append(transaction, [
        {
          event: 'person-changed',
          by: caller.name,
          person: person.id,
          name: person.name,
          roles: changed.roles,
          before: person.roles,
          ...withLimits(limits),
          ...(Object.keys(limitsBefore).length === 0 ? {} : { limitsBefore }),
        },
      ]);
      return { person: shown(changed), limits: await shownLimits(ports, transaction, changed) };
    }),
  );
}

/** The new link gives its holder all rights of the person, so the caller needs them all. */
export async function resetPerson(
  ports: PeoplePorts,
  caller: Caller,
  { id }: Asked<'resetPerson'>,
): Promise<WayIn> {
  const { rows, store, audit } = ports;
  const before = await requirePerson(rows, store.reader, id);
  requireOfThisServer(before);
  if (before.service === null) requireConsole(ports);
  await requireHeld(ports, caller, await rightsOf(rows, store.reader, before), 'resetPerson');
  return store.write(async (transaction) => {
    const reset = async (): Promise<WayIn> => {
      const person = await requirePerson(rows, transaction, before.id);
      if (rightsBeyond(await rightsOf(rows, transaction, person), caller.rights).length > 0)
        throw changedMeanwhile();
      await forgetWaysIn(rows, transaction, person);
      const next: PersonRow = { ...person, generation: person.generation + 1, identity: null };
      const renewed =
        person.service === null ? { person: next } : await withKey(ports, transaction, caller, next, 'same');
      await putPerson(rows, transaction, renewed.person);
      await ports.rightsLost(transaction, person.id);
      await audit.append(transaction, [
        { event: 'person-reset', by: caller.name, person: person.id, name: person.name },
      ]);
      return wayIn(ports, transaction, renewed);
    };
    // The owner of the data directory can always let somebody in again, so nobody else need remain.
    return caller.id === null ? reset() : keepingManager(rows, transaction, reset);
  });
}

export async function removePerson(
  { rows, store, audit, rightsLost }: PeoplePorts,
  caller: Caller,
  { id }: Asked<'removePerson'>,
): Promise<PeopleAnswer<'removePerson'>> {
  return store.write((transaction) =>
    keepingManager(rows, transaction, async () => {
      const person = await requirePerson(rows, transaction, id);
      await forgetWaysIn(rows, transaction, person);
      await deletePersonRows(transaction, person);
      await deleteIdentityRow(transaction, person);
      await rightsLost(transaction);
      await audit.append(transaction, [
        { event: 'person-removed', by: caller.name, person: person.id, name: person.name },
      ]);
      return { person: shown(person) };
    }),
  );
}

async function forgetWaysIn(rows: TrustedRows, transaction: Transaction, person: PersonRow): Promise<void> {
  await endSessionsOf(rows, transaction, person.id);
  await deletePasskeyRows(transaction, (await readCredentials(rows, transaction, person.id)).passkeys);
  await deleteCredentials(transaction, person.id);
  await voidSetUpLinks(rows, transaction, person.id);
  await forgetKey(transaction, person);
}

type WithKey = { readonly person: PersonRow; readonly key?: string };

async function withKey(
  ports: Pick<ServerPorts, 'clock' | 'random' | 'rows'>,
  transaction: Transaction,
  caller: Caller,
  person: PersonRow,
  expiresMs: number | 'same' | undefined,
): Promise<WithKey> {
  const key = `${API_KEY_PREFIX}${Buffer.from(ports.random(TOKEN_BYTES)).toString('base64url')}`;
  const owner = await knowerOf(ports.rows, transaction, caller);
  const lifeMs = expiresMs === 'same' ? lifeOf(person.service) : expiresMs;
  const service: Service = {
    owner,
    key: hashApiKey(key),
    expiresAt: lifeMs === undefined ? null : isoTime(ports.clock() + lifeMs),
    knownAt: isoTime(await latestTime(ports, transaction)),
  };
  return { person: { ...person, service }, key };
}

/** Whoever holds the key of the service account that makes another knows both keys. */
async function knowerOf(rows: TrustedRows, reader: Reader, { id }: Caller): Promise<string | null> {
  const service = id === null ? null : ((await readPerson(rows, reader, id))?.service ?? null);
  return service === null ? id : service.owner;
}

/** How long its key is valid from the start. */
function lifeOf(service: Service | null): number | undefined {
  if (service === null || service.expiresAt === null) return undefined;
  return Date.parse(service.expiresAt) - Date.parse(service.knownAt);
}

/** The link or the key that the person is given. */
async function wayIn(ports: PeoplePorts, transaction: Transaction, { person, key }: WithKey): Promise<WayIn> {
  if (key !== undefined) {
    return { person: shown(person), apiKey: key, expiresAt: person.service?.expiresAt ?? null };
  }
  const { url, expiresAt } = await makeSetUpLink(ports, transaction, person, requireConsole(ports));
  return { person: shown(person), setupUrl: url, expiresAt };
}

/** Refuses a person whose groups and sign-in a provider decides. Throws `invalid-argument`. */
function requireOfThisServer({ name, identity }: PersonRow): void {
  if (identity === null) return;
  throw new KeystairError(
    'invalid-argument',
    `${name} signs in through a provider (${identity.provider}), which gives the roles too`,
    { nextStep: 'change it there, or the groups of that provider in the configuration' },
  );
}

/** Throws `invalid-argument`. */
function requireConsole({ consoleUrl }: Pick<PeoplePorts, 'consoleUrl'>): string {
  const url = consoleUrl();
  if (url !== null) return url;
  throw new KeystairError('invalid-argument', 'this server has no console, and people sign in at one', {
    nextStep: step('open-console-first'),
  });
}

function changedMeanwhile(): KeystairError {
  return new KeystairError('later', 'somebody else changed this person at the same moment', {
    nextStep: 'look at the person, and try again',
  });
}
