/** The rows of roles: built-in ones and the server's own. Each decision reads them again. */
import { KeystairError } from '#domain/errors.ts';
import { sortName } from '#domain/name-order.ts';
import { PEOPLE_MAX, ROLES_MAX } from '#domain/people-limits.ts';
import type { PersonRow } from '#domain/person.ts';
import { ROOT_GROUP, type GroupTree } from '#domain/group.ts';
import type { HeldRight } from '#domain/right.ts';
import { builtInRole, type Role } from '#domain/role.ts';
import { effectiveRights, type GivenRole, type Scope } from '#domain/scope.ts';
import { step } from '#domain/step.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import { readGroups } from '../groups/group-rows.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';

async function findRole(rows: TrustedRows, reader: Reader, name: string): Promise<Role | undefined> {
  return builtInRole(name) ?? (await rows.get<Role>(reader, 'role', sortName(name.normalize('NFC'))));
}

/** Throws `not-found`. */
export async function requireRole(rows: TrustedRows, reader: Reader, name: string): Promise<Role> {
  const role = await findRole(rows, reader, name);
  if (role !== undefined) return role;
  throw new KeystairError('not-found', `there is no role ${JSON.stringify(name)}`, {
    nextStep: step('look-at-roles'),
  });
}

/** Each role once, under its stored name. Throws `not-found`. */
export async function requireRoles(
  rows: TrustedRows,
  reader: Reader,
  names: readonly string[],
): Promise<readonly Role[]> {
  const roles = new Map<string, Role>();
  for (const name of names) {
    const role = await requireRole(rows, reader, name);
    roles.set(role.name, role);
  }
  return [...roles.values()];
}

/** What a person may do now. A role that was removed or altered gives nothing. */
export async function rightsOf(
  rows: TrustedRows,
  reader: Reader,
  { roles, limits = {} }: Pick<PersonRow, 'roles' | 'limits'>,
): Promise<readonly HeldRight[]> {
  // Most people have no limits, and need no tree.
  const tree = Object.keys(limits).length === 0 ? undefined : await readGroups(rows, reader);
  const given: GivenRole[] = [];
  for (const name of roles) {
    const role = await findRole(rows, reader, name);
    const groups = Object.hasOwn(limits, name) ? limits[name] : undefined;
    if (role !== undefined) given.push({ role, scope: limitedTo(tree, groups) });
  }
  return effectiveRights(given);
}

/** A limit to the root group is none. A group that is gone gives nothing. */
export function limitedTo(tree: GroupTree | undefined, groups: readonly string[] | undefined): Scope {
  if (tree === undefined || groups === undefined || groups.includes(ROOT_GROUP)) return 'everywhere';
  return tree.within(groups);
}

/** How many people have a role that is limited to this group, among others or alone. */
export async function peopleLimitedTo(rows: TrustedRows, reader: Reader, group: string): Promise<number> {
  const people = (await rows.all<PersonRow>(reader, 'person')).slice(0, PEOPLE_MAX);
  return people.filter(({ value: { limits = {} } }) =>
    Object.values(limits).some((groups) => groups.includes(group)),
  ).length;
}

export async function ownRoles(rows: TrustedRows, reader: Reader): Promise<readonly Role[]> {
  return (await rows.all<Role>(reader, 'role')).map(({ value }) => value);
}

export async function putRole(rows: TrustedRows, transaction: Transaction, role: Role): Promise<void> {
  await rows.put(transaction, 'role', sortName(role.name), role);
}

/** Throws `already-exists`, or `invalid-argument` if there are too many. */
export async function addRoleRow(rows: TrustedRows, transaction: Transaction, role: Role): Promise<void> {
  const known = await transaction.rows('role');
  if (builtInRole(role.name) !== undefined || known.some(({ id }) => id === sortName(role.name))) {
    throw new KeystairError('already-exists', `a role is called ${JSON.stringify(role.name)} already`, {
      nextStep: 'choose another name, or change the rights of that role',
    });
  }
  if (known.length >= ROLES_MAX) {
    throw new KeystairError('invalid-argument', `the server has ${ROLES_MAX} roles of its own already`, {
      nextStep: 'remove those that nobody has',
    });
  }
  await putRole(rows, transaction, role);
}

export async function holdersOf(
  rows: TrustedRows,
  reader: Reader,
  role: Role,
): Promise<readonly PersonRow[]> {
  const people = await rows.all<PersonRow>(reader, 'person');
  return people.slice(0, PEOPLE_MAX).flatMap(({ value }) => (value.roles.includes(role.name) ? [value] : []));
}
