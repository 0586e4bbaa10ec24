/**
 * Lists, adds, changes and removes the roles of this server.
 *
 * Invariant: changing a role changes the rights of everybody who has it, so the caller needs every right that is added.
 * A role that somebody has cannot be removed.
 */
import { KeystairError } from '#domain/errors.ts';
import { readName } from '#domain/name.ts';
import { byName } from '#domain/name-order.ts';
import { ROLE_NAME_LENGTH_MAX } from '#domain/people-limits.ts';
import type { Caller, RequiredRight } from '#domain/right.ts';
import { BUILT_IN_ROLES, builtInRole, type Role } from '#domain/role.ts';
import { rightsBeyond } from '#domain/scope.ts';
import { sortName } from '#domain/name-order.ts';
import type { PeopleAnswer, PeopleRoutes } from '#protocol/people/people-routes.ts';
import { type ListedRole, rightOf } from '#protocol/people/person-forms.ts';
import type { z } from 'zod';
import type { Reader } from '#store/transaction.ts';
import { type CallLife, UNWATCHED } from '../environment/call-life.ts';
import { isoTime } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';
import { keepingManager, requireHeld } from './giving.ts';
import type { PeoplePorts } from './people.ts';
import { addRoleRow, holdersOf, ownRoles, putRole, requireRole } from './role-rows.ts';

type Asked<N extends keyof PeopleRoutes> = z.output<PeopleRoutes[N]['request']>;

function shown({ name, rights }: Role): ListedRole {
  return {
    name,
    builtIn: builtInRole(name) !== undefined,
    rights: rights.map(({ area, right }) => ({ area, right })),
  };
}

function rightNames(rights: readonly RequiredRight[]): string[] {
  return rights.map(({ area, right }) => `${area}: ${right}`);
}

export async function listRoles({
  rows,
  store,
}: Pick<ServerPorts, 'rows' | 'store'>): Promise<PeopleAnswer<'listRoles'>> {
  const own = (await ownRoles(rows, store.reader)).map((role) => ({ ...role, id: role.name }));
  return { roles: [...BUILT_IN_ROLES, ...own.toSorted(byName)].map((role) => shown(role)) };
}

export async function showRole(
  { rows, store }: Pick<ServerPorts, 'rows' | 'store'>,
  { id }: Asked<'showRole'>,
): Promise<PeopleAnswer<'showRole'>> {
  return { role: shown(await requireRole(rows, store.reader, id)) };
}

export async function addRole(
  ports: PeoplePorts,
  caller: Caller,
  { name: given, rights: asked }: Asked<'addRole'>,
): Promise<PeopleAnswer<'addRole'>> {
  const read = readName(given, ROLE_NAME_LENGTH_MAX);
  if ('fault' in read) throw new KeystairError('invalid-argument', `the name ${read.fault}`);
  const role: Role = { name: read.name, rights: asked.map((one) => rightOf(one)) };
  await requireHeld(ports, caller, role.rights, 'addRole');
  await ports.store.write(async (transaction) => {
    await addRoleRow(ports.rows, transaction, role);
    await ports.audit.append(transaction, [
      { event: 'role-added', by: caller.name, role: role.name, rights: rightNames(role.rights) },
    ]);
  });
  return { role: shown(role) };
}

export async function setRole(
  ports: PeoplePorts,
  caller: Caller,
  { id, rights: asked }: Asked<'setRole'>,
  { requireVersion }: Pick<CallLife, 'requireVersion'> = UNWATCHED,
): Promise<PeopleAnswer<'setRole'>> {
  const { rows, store, audit } = ports;
  const before = await requireOwn(rows, store.reader, id);
  const rights = asked.map((one) => rightOf(one));
  const added = rightsBeyond(rights, before.rights);
  await requireHeld(ports, caller, added, 'setRole');
  const role = await store.write((transaction) =>
    keepingManager(rows, transaction, async () => {
      const found = await requireOwn(rows, transaction, id);
      requireVersion({ role: shown(found) }, found.changed);
      const { name, rights: now } = found;
      if (rightsBeyond(rightsBeyond(rights, now), added).length > 0) {
        throw new KeystairError('later', 'somebody else changed this role at the same moment', {
          nextStep: 'look at the role, and try again',
        });
      }
      const changed: Role = { name, rights, changed: { by: caller.name, at: isoTime(ports.clock()) } };
      await putRole(rows, transaction, changed);
      await ports.rightsLost(transaction);
      await audit.append(transaction, [
        { event: 'role-changed', by: caller.name, role: name, rights: rightNames(rights) },
      ]);
      return changed;
    }),
  );
  return { role: shown(role) };
}

export async function removeRole(
  { rows, store, audit }: PeoplePorts,
  caller: Caller,
  { id }: Asked<'removeRole'>,
): Promise<PeopleAnswer<'removeRole'>> {
  const role = await store.write(async (transaction) => {
    const found = await requireOwn(rows, transaction, id);
    const holders = await holdersOf(rows, transaction, found);
    if (holders.length > 0) {
      throw new KeystairError(
        'already-exists',
        `${holders.length} people have the role ${JSON.stringify(found.name)}`,
        {
          nextStep: 'give them other roles first',
        },
      );
    }
    await transaction.deleteRow('role', sortName(found.name));
    await audit.append(transaction, [
      { event: 'role-removed', by: caller.name, role: found.name, rights: rightNames(found.rights) },
    ]);
    return found;
  });
  return { role: shown(role) };
}

/** Throws `not-found`, and `invalid-argument` for a built-in role. */
async function requireOwn(rows: TrustedRows, reader: Reader, name: string): Promise<Role> {
  if (builtInRole(name) === undefined) return requireRole(rows, reader, name);
  throw new KeystairError('invalid-argument', 'this role is built in and cannot be changed', {
    nextStep: 'add a role of your own with the rights that you want',
  });
}
