/**
 * The devices of this server: lists them, shows one with its drives, removes one. A removed device's keys stay.
 */
import { countDrives } from '#domain/drive-report.ts';
import { UUID_PATTERN } from '#domain/uuid.ts';
import { LIST_PAGE_MAX } from '#domain/limits.ts';
import { type GroupTree, ROOT_GROUP } from '#domain/group.ts';
import { DEVICE_STATES, type DeviceState, groupOf, type Member } from '#domain/member.ts';
import { sortName } from '#domain/name-order.ts';
import { type Caller, read, write } from '#domain/right.ts';
import { deviceInScope, type Scope, scopeOf } from '#domain/scope.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { PeopleAnswer, PeopleRoutes } from '#protocol/people/people-routes.ts';
import type { z } from 'zod';
import type { DevicePosition } from '#store/rows.ts';
import { isoTime } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { findGroup, groupName, readGroups } from '../groups/group-rows.ts';
import { noSuchPosition } from '../members/list-position.ts';
import { findMember, memberFound, removeMember } from '../members/members.ts';
import { type ToldReport, toldReport } from './device-contact.ts';

const UUID_LENGTH = 36;
const NEVER_HEARD = -1;

type Asked = z.output<PeopleRoutes['listDevices']['request']>;

/** Lists one page of devices: there may be a million. */
export async function listDevices(
  ports: Pick<ServerPorts, 'clock' | 'rows' | 'server' | 'store'>,
  caller: Caller,
  {
    order = 'a-z',
    after,
    limit = LIST_PAGE_MAX,
    find,
    group,
    state,
    notState,
    silentSince,
    heardSince,
  }: Asked,
): Promise<PeopleAnswer<'listDevices'>> {
  const { reader } = ports.store;
  const tree = await readGroups(ports.rows, reader);
  const scope = narrowed(tree, ports.server, scopeOf(caller, read('Managed devices')), group);
  const states = DEVICE_STATES.filter((one) => (state === undefined || one === state) && one !== notState);
  const byName = order === 'a-z' || order === 'z-a';
  const found = await reader.findDevices({
    order,
    states,
    groups: scope === 'everywhere' ? undefined : [...scope],
    text: find === undefined ? undefined : { sortName: sortName(find), id: find.toLowerCase() },
    heardSince: heardSince === undefined ? undefined : Date.parse(heardSince),
    silentSince: silentSince === undefined ? undefined : Date.parse(silentSince),
    after: after === undefined ? undefined : positionFrom(after, byName),
    limit,
  });
  const members = found.devices
    .map(({ row }) => memberFound(ports.rows, row))
    .filter((member) => member !== undefined)
    .filter((member) => fits(member, scope, states, find));
  return {
    next: found.searchedTo === null ? null : textOf(found.searchedTo),
    devices: (await shownDevices(ports, tree, members)).map(({ listed }) => listed),
  };
}

type Listed = PeopleAnswer<'listDevices'>['devices'][number];

async function shownDevices(
  { server, store, clock }: Pick<ServerPorts, 'clock' | 'server' | 'store'>,
  tree: GroupTree,
  members: readonly Member[],
): Promise<readonly { readonly listed: Listed; readonly told: ToldReport | undefined }[]> {
  const { reader } = store;
  const keys = await reader.countKeysByDevice(members.map(({ id }) => id));
  const contacts = await Promise.all(members.map(({ id }) => reader.contact(id)));
  return members.map((member, index) => {
    const contact = contacts[index];
    const lastHeartbeatAt = contact?.lastHeartbeatAt ?? null;
    const told = toldReport(contact);
    const listed = {
      id: member.id,
      name: member.name,
      keys: keys.get(member.id) ?? 0,
      lastHeartbeatAt: lastHeartbeatAt === null ? null : isoTime(lastHeartbeatAt),
      group: groupOfDevice(tree, server, member),
      state: member.state,
      ...(member.movedTo === null ? {} : { movedTo: member.movedTo }),
      drives: told === undefined ? null : countDrives(told.report, clock()),
    };
    return { listed, told };
  });
}

/** Throws `not-found`, and `ambiguous-name`. */
export async function showDevice(
  ports: Pick<ServerPorts, 'clock' | 'rows' | 'server' | 'store'>,
  caller: Caller,
  { id: wanted }: z.output<PeopleRoutes['showDevice']['request']>,
): Promise<PeopleAnswer<'showDevice'>['device']> {
  const isSeen = deviceInScope.bind(undefined, scopeOf(caller, read('Managed devices')));
  const member = await findMember(ports, 'device', wanted, { isSeen });
  const [shown] = await shownDevices(ports, await readGroups(ports.rows, ports.store.reader), [member]);
  const { listed, told } = shown!;
  return { ...listed, reportedAt: told?.at ?? null, report: told?.report ?? null };
}

/** Of a scope, what is in one group and below it. */
function narrowed(tree: GroupTree, server: ServerName, scope: Scope, wanted: string | undefined): Scope {
  if (wanted === undefined) return scope;
  const group = findGroup(tree, server, scope, wanted);
  return group === ROOT_GROUP ? 'everywhere' : tree.within([group]);
}

function groupOfDevice(
  tree: GroupTree,
  server: ServerName,
  device: Member,
): { readonly id: string; readonly name: string } {
  const id = tree.placeOf(groupOf(device));
  return { id, name: groupName(tree, server, id) };
}

/** By the row itself: the store finds devices by columns that nothing authenticates. */
function fits(
  member: Member,
  scope: Scope,
  states: readonly DeviceState[],
  find: string | undefined,
): boolean {
  const { id, kind, name, removedAt, state } = member;
  return (
    kind === 'device' &&
    removedAt === null &&
    deviceInScope(scope, member) &&
    states.includes(state) &&
    (find === undefined || named(id, name, find))
  );
}

/** Case and accents make no difference. Text that is nothing but accents is sought as it is. */
function named(id: string, name: string, find: string): boolean {
  const sought = sortName(find);
  if (id.includes(find.toLowerCase())) return true;
  return sought === '' ? name.includes(find) : sortName(name).includes(sought);
}

/** A position as it travels. Only this server reads it. */
function textOf({ by, id }: DevicePosition): string {
  return Buffer.from(`${id}${typeof by === 'number' ? '@' : '='}${by}`).toString('base64url');
}

/** Throws `invalid-argument` for the position of another order, too. */
function positionFrom(text: string, byName: boolean): DevicePosition {
  const whole = Buffer.from(text, 'base64url').toString('utf8');
  const id = whole.slice(0, UUID_LENGTH);
  const by = whole.slice(UUID_LENGTH + 1);
  if (UUID_PATTERN.test(id)) {
    if (whole[UUID_LENGTH] === '=' && byName) return { by, id };
    const heardAt = by === String(NEVER_HEARD) || /^\d{1,16}$/.test(by) ? Number(by) : Number.NaN;
    if (whole[UUID_LENGTH] === '@' && !byName && Number.isSafeInteger(heardAt)) return { by: heardAt, id };
  }
  throw noSuchPosition();
}

export async function removeDevice(
  ports: Pick<ServerPorts, 'audit' | 'clock' | 'rows' | 'store'>,
  caller: Caller,
  wanted: string,
): Promise<PeopleAnswer<'removeDevice'>> {
  const scope = scopeOf(caller, write('Managed devices'));
  const isSeen = (member: Member): boolean => deviceInScope(scope, member);
  const { id, name } = await findMember(ports, 'device', wanted, { isSeen });
  await removeMember(ports, caller.name, id, isSeen);
  const keys = await ports.store.reader.countKeysByDevice([id]);
  return { device: { id, name }, keys: keys.get(id) ?? 0 };
}
