/** Moves a device to another group: by whoever may manage devices in both, and gains nothing by it. */
import { groupOf, inGroup } from '#domain/member.ts';
import { type Caller, write } from '#domain/right.ts';
import { deviceInScope, requireNoGain, scopeOf } from '#domain/scope.ts';
import type { PeopleAnswer, PeopleRoutes } from '#protocol/people/people-routes.ts';
import type { z } from 'zod';
import { findGroup, groupName, readGroups } from '../groups/group-rows.ts';
import { nextPolicyNumber } from '../groups/policy-rows.ts';
import { findMember, requireMemberNow, writeMember } from '../members/members.ts';
import type { ServerPorts } from '../repository/ports.ts';

export async function setDevice(
  ports: Pick<ServerPorts, 'audit' | 'random' | 'rows' | 'server' | 'store'>,
  caller: Caller,
  { id: wanted, group: wantedGroup }: z.output<PeopleRoutes['setDevice']['request']>,
): Promise<PeopleAnswer<'setDevice'>> {
  const { rows, server, store, audit } = ports;
  const scope = scopeOf(caller, write('Managed devices'));
  const isSeen = { isSeen: deviceInScope.bind(undefined, scope) };
  const { id } = await findMember(ports, 'device', wanted, isSeen);
  return store.write(async (transaction) => {
    const tree = await readGroups(rows, transaction);
    const device = await requireMemberNow(rows, transaction, 'device', id, isSeen);
    const group = findGroup(tree, server, scope, wantedGroup);
    const before = tree.placeOf(groupOf(device));
    if (group !== before) {
      requireNoGain(caller, before, group);
      const number = await nextPolicyNumber(ports, transaction);
      await writeMember(rows, transaction, inGroup(device, group, number));
      await audit.append(transaction, [
        { event: 'device-grouped', by: caller.name, device: id, name: device.name, group, before },
      ]);
    }
    return { device: { id, name: device.name }, group: { id: group, name: groupName(tree, server, group) } };
  });
}
