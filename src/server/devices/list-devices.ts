/**
 * The devices of this server: listing, finding one by what a person typed, removing. A removed device's keys stay.
 */
import { UUID_PATTERN } from '#domain/encryption-key.ts';
import type { Member } from '#domain/member.ts';
import type { Caller } from '#domain/right.ts';
import type { PeopleAnswer } from '#protocol/people-routes.ts';
import { isoTime, type ServerPorts } from '../ports.ts';
import { findNamed, listMembers, removeMember } from '../trust/members.ts';

const LISTING = 'keystair devices list';

export async function listDevices(ports: ServerPorts): Promise<PeopleAnswer<'listDevices'>> {
  const { reader } = ports.store;
  const members = await listMembers(ports.rows, reader, 'device');
  const keys = await reader.countKeysByDevice(members.map(({ id }) => id));
  const contacts = new Map((await reader.contacts()).map((contact) => [contact.id, contact.lastHeartbeatAt]));
  return {
    devices: members.map((member) => {
      const lastHeartbeatAt = contacts.get(member.id) ?? null;
      return {
        id: member.id,
        name: member.name,
        keys: keys.get(member.id) ?? 0,
        lastHeartbeatAt: lastHeartbeatAt === null ? null : isoTime(lastHeartbeatAt),
        state: member.state,
        ...(member.movedTo === null ? {} : { movedTo: member.movedTo }),
      };
    }),
  };
}

/**
 * The id of the device meant, for a filter. An id is taken as it is: a removed device, or one of another server, has
 * keys here too.
 */
export async function findDeviceId(ports: ServerPorts, wanted: string): Promise<string> {
  if (UUID_PATTERN.test(wanted)) return wanted;
  const members = await ports.rows.all<Member>(ports.store.reader, 'member');
  const devices = members.map(({ value }) => value).filter(({ kind }) => kind === 'device');
  return findNamed(devices, wanted, 'device', LISTING).id;
}

export async function removeDevice(
  ports: ServerPorts,
  caller: Caller,
  wanted: string,
): Promise<PeopleAnswer<'removeDevice'>> {
  const { id, name } = findNamed(
    await listMembers(ports.rows, ports.store.reader, 'device'),
    wanted,
    'device',
    LISTING,
  );
  await removeMember(ports, caller.name, id);
  const keys = await ports.store.reader.countKeysByDevice([id]);
  return { device: { id, name }, keys: keys.get(id) ?? 0 };
}
