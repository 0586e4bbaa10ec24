/**
 * Removes a group of devices.
 *
 * Invariants: a group goes only when nothing is in it, and never with a device or a key. What stood in it obeys the
 * policy of the group above from then on, under a new number.
 */
import { KeystairError } from '#domain/errors.ts';
import { type Group, type GroupTree } from '#domain/group.ts';
import { groupOf, inGroup, type Member } from '#domain/member.ts';
import { type Caller, write } from '#domain/right.ts';
import { requireNoGain, requireRightIn, scopeOf } from '#domain/scope.ts';
import { step } from '#domain/step.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { Transaction } from '#store/transaction.ts';
import { type CallLife, UNWATCHED } from '../environment/call-life.ts';
import { findGroup, putGroup, readGroups } from '../groups/group-rows.ts';
import { nextPolicyNumber } from '../groups/policy-rows.ts';
import { memberFound, writeMember } from '../members/members.ts';
import { peopleLimitedTo } from '../people/role-rows.ts';
import { type Asked, type GroupPorts, requireFree, requireOwn } from './groups.ts';

const CHANGE = write('Managed devices');
/** Devices moved in one transaction, some 20 ms. */
const PAGE_DEVICES = 500;

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
  ports: GroupPorts,
  transaction: Transaction,
  caller: Caller,
  tree: GroupTree,
  group: Group,
): Promise<Omit<PeopleAnswer<'removeGroup'>, 'devices'>> {
  const { rows, audit } = ports;
  const below = tree.below(group.id);
  const policyNumber = await nextPolicyNumber(ports, transaction);
  for (const one of below) await putGroup(rows, transaction, { ...one, above: group.above, policyNumber });
  await transaction.deleteRow('group', group.id);
  await transaction.deleteRow('policy', group.id);
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
  ports: GroupPorts,
  transaction: Transaction,
  caller: Caller,
  { id, above }: Group,
  devices: readonly Member[],
): Promise<void> {
  const { rows, audit } = ports;
  const [first] = devices;
  if (first === undefined) return;
  const number = await nextPolicyNumber(ports, transaction);
  for (const device of devices) await writeMember(rows, transaction, inGroup(device, above, number));
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
