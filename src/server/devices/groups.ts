/**
 * Groups of devices: listed, added, changed, removed.
 *
 * Invariants: the tree stays within its bounds and has no loop. A group goes only when nothing is in it, and never with
 * a device or a key. Whoever is limited to groups changes none above the first of them, and gains nothing by a change.
 */
import type { Changed } from '#domain/changed.ts';
import { KeystairError } from '#domain/errors.ts';
import { type Group, GROUP_DEPTH_MAX, GROUPS_MAX, type GroupTree, ROOT_GROUP } from '#domain/group.ts';
import { groupOf, type Member } from '#domain/member.ts';
import { readName } from '#domain/name.ts';
import { sortName } from '#domain/name-order.ts';
import { type Caller, read, write } from '#domain/right.ts';
import { groupInScope, requireNoGain, requireRightIn, type Scope, scopeOf } from '#domain/scope.ts';
import { step } from '#domain/step.ts';
import type { PeopleAnswer, PeopleRoutes } from '#protocol/people/people-routes.ts';
import type { z } from 'zod';
import type { Transaction } from '#store/transaction.ts';
import { type CallLife, UNWATCHED } from '../environment/call-life.ts';
import { isoTime, uuidFrom } from '../environment/environment.ts';
import { findGroup, groupName, putGroup, readGroups, topGroups } from '../groups/group-rows.ts';
import { memberFound, writeMember } from '../members/members.ts';
import { peopleLimitedTo } from '../people/role-rows.ts';
import type { ServerPorts } from '../repository/ports.ts';

type GroupPorts = Pick<ServerPorts, 'audit' | 'clock' | 'random' | 'rows' | 'server' | 'store'>;
type Asked<N extends keyof PeopleRoutes> = z.output<PeopleRoutes[N]['request']>;
type Shown = PeopleAnswer<'showGroup'>['group'];

const SEE = read('Managed devices');
const CHANGE = write('Managed devices');
/** Devices moved in one transaction, some 20 ms. */
const PAGE_DEVICES = 500;

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
    await putGroup(rows, transaction, { ...group, changed });
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

export async function removeGroup(
  ports: GroupPorts,
  caller: Caller,
  { id: wanted, contents = 'refuse' }: Asked<'removeGroup'>,
  { requireWanted }: Pick<CallLife, 'requireWanted'> = UNWATCHED,
): Promise<PeopleAnswer<'removeGroup'>> {
  const { rows, server, store } = ports;
  const scope = scopeOf(caller, CHANGE);
  const id = findGroup(await readGroups(rows, store.reader), server, scope, wanted);
  for (let moved = 0; ; ) {
    const { devices, done } = await store.write(async (transaction) => {
      const tree = await readGroups(rows, transaction);
      const group = requireOwn(tree, id);
      requireRightIn(caller, CHANGE, group.above);
      const below = tree.below(id);
      const page = await devicesIn(ports, transaction, id);
      if (contents === 'refuse' && (page.length > 0 || below.length > 0)) throw notEmpty(group);
      for (const { name } of below) requireFree(tree, group.above, name, id);
      if (page.length > 0 || below.length > 0) requireNoGain(caller, id, group.above);
      await requireNobodyLimitedTo(ports, transaction, group);
      await moveUp(ports, transaction, caller, group, page);
      const isLast = page.length < PAGE_DEVICES;
      return {
        devices: page.length,
        done: isLast ? await finish(ports, transaction, caller, tree, group) : undefined,
      };
    });
    moved += devices;
    if (done !== undefined) return { ...done, devices: moved };
    requireWanted();
  }
}

/** The group is gone with the transaction, and what is below it stands one higher. */
async function finish(
  { rows, audit }: GroupPorts,
  transaction: Transaction,
  caller: Caller,
  tree: GroupTree,
  group: Group,
): Promise<Omit<PeopleAnswer<'removeGroup'>, 'devices'>> {
  const below = tree.below(group.id);
  for (const one of below) await putGroup(rows, transaction, { ...one, above: group.above });
  await transaction.deleteRow('group', group.id);
  await audit.append(transaction, [
    { event: 'group-removed', by: caller.name, group: group.id, name: group.name, above: group.above },
  ]);
  const { id, name, above } = group;
  return { group: { id, name, above }, groups: below.length };
}

/** Those whose rows say so: a row that was altered holds nothing up. */
async function devicesIn(
  { rows }: Pick<GroupPorts, 'rows'>,
  transaction: Transaction,
  group: string,
): Promise<readonly Member[]> {
  const { devices } = await transaction.findDevices({ order: 'a-z', groups: [group], limit: PAGE_DEVICES });
  return devices.flatMap(({ row }) => {
    const member = memberFound(rows, row);
    return member !== undefined && groupOf(member) === group ? [member] : [];
  });
}

async function moveUp(
  { rows, audit }: GroupPorts,
  transaction: Transaction,
  caller: Caller,
  { id, above }: Group,
  devices: readonly Member[],
): Promise<void> {
  const [first] = devices;
  if (first === undefined) return;
  for (const device of devices) await writeMember(rows, transaction, inGroup(device, above));
  await audit.append(transaction, [
    {
      event: 'group-emptied',
      by: caller.name,
      group: id,
      to: above,
      devices: devices.length,
      first: first.id,
    },
  ]);
}

export function inGroup(device: Member, group: string): Member {
  return { ...device, group: group === ROOT_GROUP ? undefined : group };
}

function requireName(given: string): string {
  const read = readName(given);
  if ('fault' in read) throw new KeystairError('invalid-argument', `the name ${read.fault}`);
  return read.name;
}

/** Throws `invalid-argument` for the root group. */
function requireOwn(tree: GroupTree, id: string): Group {
  const group = tree.get(id);
  if (group !== undefined) return group;
  throw new KeystairError('invalid-argument', 'the root group stays as it is', {
    nextStep: 'name a group below it',
  });
}

/** Throws `already-exists`. @param except the group that is to have the name, or that is going. */
function requireFree(tree: GroupTree, above: string, name: string, except?: string): void {
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

function notEmpty({ name }: Group): KeystairError {
  return new KeystairError('group-in-use', `devices or groups are in the group ${JSON.stringify(name)}`, {
    nextStep: step('empty-group'),
  });
}

async function requireNobodyLimitedTo(
  { rows }: GroupPorts,
  transaction: Transaction,
  { id, name }: Group,
): Promise<void> {
  const people = await peopleLimitedTo(rows, transaction, id);
  if (people === 0) return;
  throw new KeystairError(
    'group-in-use',
    `${people} people have roles that are limited to the group ${JSON.stringify(name)}`,
    { nextStep: step('change-limits') },
  );
}
