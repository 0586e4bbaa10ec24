/**
 * The roles that somebody's groups at a provider give, and the groups of devices to which each is limited.
 *
 * Invariant: what a group gives beside others takes nothing away: a role that one of them gives everywhere holds
 * everywhere.
 */
import type { RoleLimits } from '#domain/person.ts';
import { canBeLimited } from '#domain/scope.ts';
import type { Reader } from '#store/transaction.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';
import type { ProviderSettings } from './provider-settings.ts';
import { requireRole } from './role-rows.ts';

export interface ProvidedRoles {
  readonly roles: readonly string[];
  readonly limits: RoleLimits;
}

/**
 * A role that is configured but does not exist gives nothing, and neither does a limited one without a right that can be
 * limited: it would hold everywhere.
 */
export async function providedRoles(
  rows: TrustedRows,
  reader: Reader,
  settings: Pick<ProviderSettings, 'groups'>,
  groups: readonly string[],
): Promise<ProvidedRoles> {
  const scopes = new Map<string, ReadonlySet<string> | 'everywhere'>();
  for (const group of new Set(groups)) {
    if (!Object.hasOwn(settings.groups, group)) continue;
    const given = settings.groups[group]!;
    const { role: name, groups: within } = typeof given === 'string' ? { role: given } : given;
    const role = await requireRole(rows, reader, name).catch(() => undefined);
    if (role === undefined || (within !== undefined && !role.rights.some(canBeLimited))) continue;
    const before = scopes.get(role.name) ?? new Set();
    const everywhere = within === undefined || before === 'everywhere';
    scopes.set(role.name, everywhere ? 'everywhere' : new Set([...before, ...within]));
  }
  // In order: what a provider lists in another order is no change.
  const limited = [...scopes]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([role, scope]) => (scope === 'everywhere' ? [] : [[role, [...scope].toSorted()] as const]));
  return { roles: [...scopes.keys()], limits: Object.fromEntries(limited) };
}
