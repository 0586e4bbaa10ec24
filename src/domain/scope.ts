/**
 * Scope: where a right holds. A right over devices and their keys can be limited to groups of devices, all others hold
 * everywhere.
 *
 * Invariants: a scope is judged where a device is managed now, by its row; a key is in it with its device. What is
 * outside is unknown to whoever is limited: it is answered as what does not exist.
 */
import { KeystairError } from './errors.ts';
import { groupOf, isManaged, type Member } from './member.ts';
import { type HeldRight, type Person, type RequiredRight, RIGHTS } from './right.ts';
import type { Role } from './role.ts';
import { step } from './step.ts';

/** The ids of groups, those below each included. */
export type Scope = 'everywhere' | ReadonlySet<string>;

const NOWHERE: ReadonlySet<string> = new Set();
const LIMITABLE_AREAS: ReadonlySet<string> = new Set<RequiredRight['area']>([
  'Managed devices',
  'Key register',
  'Encryption key management',
  'Key reveal',
]);

export function canBeLimited({ area }: Pick<RequiredRight, 'area'>): boolean {
  return LIMITABLE_AREAS.has(area);
}

/** A role that somebody has, and the groups to which it is limited. */
export interface GivenRole {
  readonly role: Pick<Role, 'rights'>;
  readonly scope: Scope;
}

/** What the roles give together. Nothing takes a right away that one of them gives. */
export function effectiveRights(given: readonly GivenRole[]): readonly HeldRight[] {
  return RIGHTS.flatMap((one): HeldRight[] => {
    const scopes: readonly Scope[] = given
      .filter(({ role }) => role.rights.some(({ area, right }) => area === one.area && right === one.right))
      .map(({ scope }) => scope);
    if (scopes.length === 0) return [];
    if (!canBeLimited(one) || scopes.includes('everywhere')) return [one];
    const groups = new Set(scopes.flatMap((scope) => (scope === 'everywhere' ? [] : [...scope])));
    return groups.size === 0 ? [] : [{ ...one, groups }];
  });
}

export function scopeOf({ rights }: Pick<Person, 'rights'>, { area, right }: RequiredRight): Scope {
  const held = rights.find((one) => one.area === area && one.right === right);
  return held === undefined ? NOWHERE : (held.groups ?? 'everywhere');
}

export function covers(scope: Scope, other: Scope): boolean {
  if (scope === 'everywhere') return true;
  return other !== 'everywhere' && [...other].every((group) => scope.has(group));
}

export function groupInScope(scope: Scope, group: string): boolean {
  return scope === 'everywhere' || scope.has(group);
}

/** Whether a device is there for somebody, whatever its state. */
export function deviceInScope(scope: Scope, device: Member): boolean {
  return groupInScope(scope, groupOf(device));
}

/** @param device the row of the key's device; undefined where it has none here. */
export function keyInScope(scope: Scope, device: Member | undefined): boolean {
  return (
    scope === 'everywhere' || (device !== undefined && isManaged(device) && deviceInScope(scope, device))
  );
}

/** Those of the first list that the second lacks, or does not have everywhere that the first has them. */
export function rightsBeyond(rights: readonly HeldRight[], held: readonly HeldRight[]): readonly HeldRight[] {
  return rights.flatMap((one): HeldRight[] => {
    const scope = scopeOf({ rights: held }, one);
    if (scope === 'everywhere') return [];
    if (one.groups === undefined) return [one];
    const groups = new Set([...one.groups].filter((group) => !scope.has(group)));
    return groups.size === 0 ? [] : [{ ...one, groups }];
  });
}

export function limitedError({ area, right }: RequiredRight): KeystairError {
  return new KeystairError(
    'not-allowed',
    `your right ${right} on "${area}" is limited to groups of devices, and this is outside`,
    {
      nextStep: step('ask-for-right'),
      details: { area, right, limited: true },
    },
  );
}

/** Throws `not-allowed` where somebody's right does not hold for a group that they know of. */
export function requireRightIn(person: Person, right: RequiredRight, group: string): void {
  if (!groupInScope(scopeOf(person, right), group)) throw limitedError(right);
}

/**
 * Nobody raises themselves: whoever moves devices to a group in which they hold a right must hold it where the devices
 * come from. Throws `not-allowed`.
 */
export function requireNoGain({ rights }: Person, from: string, to: string): void {
  const gained = rights.find(({ groups }) => groups !== undefined && groups.has(to) && !groups.has(from));
  if (gained !== undefined) throw limitedError(gained);
}

/** Throws `not-allowed` where a right that somebody uses no longer holds for all that it held for. */
export function requireScopeKept(
  before: Pick<Person, 'rights'>,
  now: Pick<Person, 'rights'>,
  used: readonly RequiredRight[],
): void {
  const lost = used.find((right) => !covers(scopeOf(now, right), scopeOf(before, right)));
  if (lost !== undefined) throw limitedError(lost);
}
