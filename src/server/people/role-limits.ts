/** Roles that are limited to groups of devices: read from a request, compared with what was there, and shown. */
import { KeystairError } from '#domain/errors.ts';
import type { GroupTree } from '#domain/group.ts';
import type { PersonRow, RoleLimits } from '#domain/person.ts';
import { type HeldRight, hasRight } from '#domain/right.ts';
import type { Role } from '#domain/role.ts';
import { canBeLimited, effectiveRights, rightsBeyond } from '#domain/scope.ts';
import type { ServerName } from '#domain/server-name.ts';
import { step } from '#domain/step.ts';
import type { AskedLimit, ShownLimit } from '#protocol/people/person-forms.ts';
import type { Reader } from '#store/transaction.ts';
import { findGroup, groupName, readGroups } from '../groups/group-rows.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';
import { limitedTo, rightsOf } from './role-rows.ts';

type LimitPorts = Pick<ServerPorts, 'rows' | 'server'>;

/**
 * The limits of somebody who is to have these roles. Where none are asked for, a role that they have keeps its limit:
 * a program that knows of no limits takes none away. Throws `not-found`, `invalid-argument`.
 */
export async function askedLimits(
  { rows, server }: LimitPorts,
  reader: Reader,
  roles: readonly Role[],
  asked: readonly AskedLimit[] | undefined,
  before: RoleLimits = {},
): Promise<RoleLimits> {
  if (asked === undefined) {
    const kept = roles.filter(({ name }) => Object.hasOwn(before, name));
    return Object.fromEntries(kept.map(({ name }) => [name, before[name]!]));
  }
  const tree = await readGroups(rows, reader);
  const limits = new Map<string, readonly string[]>();
  for (const { role: wanted, groups } of asked) {
    const role = roles.find(({ name }) => name === wanted);
    if (role === undefined) throw notGiven(wanted);
    if (!role.rights.some(canBeLimited)) throw nothingToLimit(role);
    const ids = groups.map((group) => findGroup(tree, server, 'everywhere', group));
    limits.set(role.name, [...new Set(ids)]);
  }
  return Object.fromEntries(limits);
}

/** What these roles give, so limited, that the same roles did not give before. Each role counts by itself. */
export function givenAnew(
  tree: GroupTree,
  roles: readonly Role[],
  limits: RoleLimits,
  before: Pick<PersonRow, 'roles' | 'limits'> = { roles: [] },
): readonly HeldRight[] {
  return roles.flatMap((role) => {
    const rights = (of: RoleLimits = {}): readonly HeldRight[] =>
      effectiveRights([
        { role, scope: limitedTo(tree, Object.hasOwn(of, role.name) ? of[role.name] : undefined) },
      ]);
    const had = before.roles.includes(role.name) ? rights(before.limits) : [];
    return rightsBeyond(rights(limits), had);
  });
}

/** Whether a right that the person keeps is limited to fewer groups from now on. */
export async function isNarrowed(
  rows: TrustedRows,
  reader: Reader,
  before: PersonRow,
  after: PersonRow,
): Promise<boolean> {
  const rights = await rightsOf(rows, reader, after);
  return rightsBeyond(await rightsOf(rows, reader, before), rights).some((one) => hasRight({ rights }, one));
}

/** The part of a row, or of an event, that says them. */
export function withLimits(limits: RoleLimits): Pick<PersonRow, 'limits'> {
  return Object.keys(limits).length === 0 ? {} : { limits };
}

/** A group that is gone is shown by its id. */
export async function shownLimits(
  { rows, server }: LimitPorts,
  reader: Reader,
  { limits = {} }: Pick<PersonRow, 'limits'>,
): Promise<ShownLimit[]> {
  const entries = Object.entries(limits);
  if (entries.length === 0) return [];
  const tree = await readGroups(rows, reader);
  return entries.map(([role, groups]) => ({ role, groups: groups.map((id) => named(tree, server, id)) }));
}

export function named(tree: GroupTree, server: ServerName, id: string): { id: string; name: string } {
  return { id, name: tree.has(id) ? groupName(tree, server, id) : id };
}

function notGiven(role: string): KeystairError {
  return new KeystairError(
    'invalid-argument',
    `the role ${JSON.stringify(role)} is to be limited, and is not among the roles`,
    { nextStep: 'name it among the roles too, as it is written in the list of roles' },
  );
}

function nothingToLimit({ name }: Role): KeystairError {
  return new KeystairError(
    'invalid-argument',
    `the role ${JSON.stringify(name)} gives nothing that can be limited to groups`,
    { nextStep: step('look-at-roles') },
  );
}
