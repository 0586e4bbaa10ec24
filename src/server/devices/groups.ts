/**
 * Groups of devices: listed, added, changed. `remove-group.ts` removes them.
 *
 * Invariants: the tree stays within its bounds and has no loop. Whoever is limited to groups changes none above the first
 * of them, and gains nothing by a change.
 */
import type { Changed } from '#domain/changed.ts';
import { KeystairError } from '#domain/errors.ts';
import { type Group, GROUP_DEPTH_MAX, GROUPS_MAX, type GroupTree, ROOT_GROUP } from '#domain/group.ts';
import { readName } from '#domain/name.ts';
import { sortName } from '#domain/name-order.ts';
import { type Caller, read, write } from '#domain/right.ts';
import { groupInScope, requireNoGain, requireRightIn, type Scope, scopeOf } from '#domain/scope.ts';
import { step } from '#domain/step.ts';
import type { PeopleAnswer, PeopleRoutes } from '#protocol/people/people-routes.ts';
import type { z } from 'zod';
import { type CallLife, UNWATCHED } from '../environment/call-life.ts';
import { isoTime, uuidFrom } from '../environment/environment.ts';
import { findGroup, groupName, putGroup, readGroups, topGroups } from '../groups/group-rows.ts';
import { nextPolicyNumber } from '../groups/policy-rows.ts';
import type { ServerPorts } from '../repository/ports.ts';

export type GroupPorts = Pick<ServerPorts, 'audit' | 'clock' | 'random' | 'rows' | 'server' | 'store'>;
export type Asked<N extends keyof PeopleRoutes> = z.output<PeopleRoutes[N]['request']>;
type Shown = PeopleAnswer<'showGroup'>['group'];

const SEE = read('Managed devices');
const CHANGE = write('Managed devices');

function shown(ports: Pick<GroupPorts, 'server'>, tree: GroupTree, scope: Scope, id: string): Shown {
  const above = tree.get(id)?.above;
  const isSeen = above !== undefined && groupInScope(scope, above);
  return { id, name: groupName(tree, ports.server, id), above: isSeen ? above : null };
}

export async function listGroups(
  ports: Pick<GroupPorts, 'rows' | 'server' | 'store'>,
  caller: Caller,
): Promise<PeopleAnswer<'listGroups'>> {
  const { reader } = ports.store;
  const scope = scopeOf(caller, SEE);
  const tree = await readGroups(ports.rows, reader);
  const ids = [ROOT_GROUP, ...tree.all().map(({ group }) => group.id)].filter((id) =>
    groupInScope(scope, id),
  );
  const counts = await reader.countDevices(ids);
  return { groups: ids.map((id) => ({ ...shown(ports, tree, scope, id), devices: counts.get(id) ?? 0 })) };
}

export async function showGroup(
  ports: Pick<GroupPorts, 'rows' | 'server' | 'store'>,
  caller: Caller,
  { id: wanted }: Asked<'showGroup'>,
): Promise<PeopleAnswer<'showGroup'>> {
  const scope = scopeOf(caller, SEE);
  const tree = await readGroups(ports.rows, ports.store.reader);
  return { group: shown(ports, tree, scope, findGroup(tree, ports.server, scope, wanted)) };
}

export async function addGroup(
  ports: GroupPorts,
  caller: Caller,
  { name: given, above: wanted }: Asked<'addGroup'>,
  { made }: Pick<CallLife, 'made'> = UNWATCHED,
): Promise<PeopleAnswer<'addGroup'>> {
  const { rows, server, store, audit } = ports;
  const name = requireName(given);
  const scope = scopeOf(caller, CHANGE);
  return store.write(async (transaction) => {
    const tree = await readGroups(rows, transaction);
    if (tree.size >= GROUPS_MAX) {
      throw new KeystairError('invalid-argument', `the server has ${GROUPS_MAX} groups already`, {
        nextStep: 'remove those that nothing is in',
      });
    }
    const above = wanted === undefined ? onlyTop(tree, scope) : findGroup(tree, server, scope, wanted);
    requireFree(tree, above, name);
    requireDepth(tree.depthOf(above) + 1);
    const group = { id: uuidFrom(ports.random), name, above };
    await putGroup(rows, transaction, group);
    // A device that joins there meets no tree without it.
    await nextPolicyNumber(ports, transaction);
    await audit.append(transaction, [
      { event: 'group-added', by: caller.name, group: group.id, name, above },
    ]);
    await made(transaction, { group });
    return { group };
  });
}

/** Where something goes that names no group. Throws `invalid-argument` for whoever is limited to several. */
function onlyTop(tree: GroupTree, scope: Scope): string {
  const [top, ...more] = topGroups(tree, scope);
  if (top !== undefined && more.length === 0) return top;
  throw new KeystairError('invalid-argument', 'your right is limited to several groups: name one of them', {
    nextStep: step('look-at-groups'),
  });
}

/** Undefined for the root group. */
export async function groupForInvitation(
  { rows, server, store }: Pick<GroupPorts, 'rows' | 'server' | 'store'>,
  caller: Caller,
  wanted: string | undefined,
): Promise<string | undefined> {
  const scope = scopeOf(caller, CHANGE);
  const tree = await readGroups(rows, store.reader);
  const group = wanted === undefined ? onlyTop(tree, scope) : findGroup(tree, server, scope, wanted);
  return group === ROOT_GROUP ? undefined : group;
}

export async function setGroup(
  ports: GroupPorts,
  caller: Caller,
  { id: wanted, name: given, above: wantedAbove }: Asked<'setGroup'>,
  { requireVersion }: Pick<CallLife, 'requireVersion'> = UNWATCHED,
): Promise<PeopleAnswer<'setGroup'>> {
  const { rows, server, store, audit } = ports;
  const scope = scopeOf(caller, CHANGE);
  return store.write(async (transaction) => {
    const tree = await readGroups(rows, transaction);
    const before = requireOwn(tree, findGroup(tree, server, scope, wanted));
    requireVersion({ group: shown(ports, tree, scopeOf(caller, SEE), before.id) }, before.changed);
    requireRightIn(caller, CHANGE, before.above);
    const name = given === undefined ? before.name : requireName(given);
    const above = wantedAbove === undefined ? before.above : findGroup(tree, server, scope, wantedAbove);
    if (tree.within([before.id]).has(above)) {
      throw new KeystairError('invalid-argument', 'a group cannot stand in itself, or in one that is in it', {
        nextStep: 'name another group',
      });
    }
    requireFree(tree, above, name, before.id);
    requireDepth(tree.depthOf(above) + tree.heightOf(before.id));
    if (above !== before.above) requireNoGain(caller, before.above, above);
    const group = { id: before.id, name, above };
    const changed: Changed = { by: caller.name, at: isoTime(ports.clock()) };
    // Devices are told the name of their group, too.
    const policyNumber = await nextPolicyNumber(ports, transaction);
    await putGroup(rows, transaction, { ...group, changed, policyNumber });
    await audit.append(transaction, [
      {
        event: 'group-changed',
        by: caller.name,
        group: group.id,
        name,
        above,
        before: { name: before.name, above: before.above },
      },
    ]);
    return { group };
  });
}

function requireName(given: string): string {
  const read = readName(given);
  if ('fault' in read) throw new KeystairError('invalid-argument', `the name ${read.fault}`);
  return read.name;
}

/** Throws `invalid-argument` for the root group. */
export function requireOwn(tree: GroupTree, id: string): Group {
  const group = tree.get(id);
  if (group !== undefined) return group;
  throw new KeystairError('invalid-argument', 'the root group stays as it is', {
    nextStep: 'name a group below it',
  });
}

/** Throws `already-exists`. @param except the group that is to have the name, or that is going. */
export function requireFree(tree: GroupTree, above: string, name: string, except?: string): void {
  const sorted = sortName(name);
  if (!tree.below(above).some((one) => one.id !== except && sortName(one.name) === sorted)) return;
  throw new KeystairError('already-exists', `a group there is called ${JSON.stringify(name)} already`, {
    nextStep: 'choose another name, or another group above it',
  });
}

function requireDepth(levels: number): void {
  if (levels <= GROUP_DEPTH_MAX) return;
  throw new KeystairError('invalid-argument', `groups stand at most ${GROUP_DEPTH_MAX} levels deep`, {
    nextStep: 'choose a group further up',
  });
}
