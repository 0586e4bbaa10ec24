/** The rows of groups of devices: read as the tree that they make, found by what a person typed, and written. */
import { KeystairError } from '#domain/errors.ts';
import { type Group, GroupTree, ROOT_GROUP } from '#domain/group.ts';
import { groupInScope, type Scope } from '#domain/scope.ts';
import type { ServerName } from '#domain/server-name.ts';
import { step } from '#domain/step.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';

export async function readGroups(rows: TrustedRows, reader: Reader): Promise<GroupTree> {
  return new GroupTree((await rows.all<Group>(reader, 'group')).map(({ value }) => value));
}

export function putGroup(rows: TrustedRows, transaction: Transaction, group: Group): Promise<void> {
  return rows.put(transaction, 'group', group.id, group);
}

/** The root group has the server's name. */
export function groupName(tree: GroupTree, server: ServerName, id: string): string {
  return tree.get(id)?.name ?? server.name;
}

/**
 * The id of the group in a scope that has this id, or alone in the scope has this name. Throws `not-found`,
 * `ambiguous-name`.
 */
export function findGroup(tree: GroupTree, server: ServerName, scope: Scope, wanted: string): string {
  const isThere = (id: string): boolean => tree.has(id) && groupInScope(scope, id);
  if (isThere(wanted)) return wanted;
  const name = wanted.normalize('NFC');
  const named = [ROOT_GROUP, ...tree.all().map(({ group }) => group.id)].filter(
    (id) => isThere(id) && groupName(tree, server, id) === name,
  );
  if (named.length === 1) return named[0]!;
  if (named.length === 0) {
    throw new KeystairError('not-found', `there is no group ${JSON.stringify(wanted)}`, {
      nextStep: step('look-at-groups'),
    });
  }
  throw new KeystairError(
    'ambiguous-name',
    `${named.length} groups have the name ${JSON.stringify(wanted)}`,
    { nextStep: step('look-at-groups') },
  );
}

/** The groups at the top of a scope: those whose group above is not in it. */
export function topGroups(tree: GroupTree, scope: Scope): readonly string[] {
  if (scope === 'everywhere') return [ROOT_GROUP];
  return [...scope].filter((id) => {
    const group = tree.get(id);
    return group !== undefined && !scope.has(group.above);
  });
}
