/**
 * The devices of this server: lists them, finds one by what a person typed, removes one. A removed device's keys stay.
 */
import { UUID_PATTERN } from '#domain/uuid.ts';
import { KeystairError } from '#domain/errors.ts';
import { LIST_PAGE_MAX } from '#domain/limits.ts';
import type { Caller } from '#domain/right.ts';
import type { PeopleAnswer, PeopleRoutes } from '#protocol/people/people-routes.ts';
import type { z } from 'zod';
import type { NamePosition } from '#store/rows.ts';
import { isoTime } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { findMember, pageOfMembers, removeMember } from '../members/members.ts';

const UUID_LENGTH = 36;

/** Lists one page of devices: there may be a million. */
export async function listDevices(
  ports: Pick<ServerPorts, 'rows' | 'store'>,
  { after, limit = LIST_PAGE_MAX }: z.output<PeopleRoutes['listDevices']['request']>,
): Promise<PeopleAnswer<'listDevices'>> {
  const { reader } = ports.store;
  const { members, next } = await pageOfMembers(ports.rows, reader, 'device', {
    after: after === undefined ? undefined : positionFrom(after),
    limit,
  });
  const keys = await reader.countKeysByDevice(members.map(({ id }) => id));
  const contacts = await Promise.all(members.map(({ id }) => reader.contact(id)));
  return {
    next: next === null ? null : textOf(next),
    devices: members.map((member, index) => {
      const lastHeartbeatAt = contacts[index]?.lastHeartbeatAt ?? null;
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

/** A position as it travels. Only this server reads it. */
function textOf({ sortName, id }: NamePosition): string {
  return Buffer.from(id + sortName).toString('base64url');
}

function positionFrom(text: string): NamePosition {
  const whole = Buffer.from(text, 'base64url').toString('utf8');
  const id = whole.slice(0, UUID_LENGTH);
  if (UUID_PATTERN.test(id)) return { sortName: whole.slice(UUID_LENGTH), id };
  throw new KeystairError('invalid-argument', 'the place to list from is none that this server gave', {
    nextStep: 'list from the beginning, and give `next` of each page as `after`',
  });
}

export async function removeDevice(
  ports: Pick<ServerPorts, 'audit' | 'clock' | 'rows' | 'store'>,
  caller: Caller,
  wanted: string,
): Promise<PeopleAnswer<'removeDevice'>> {
  const { id, name } = await findMember(ports, 'device', wanted);
  await removeMember(ports, caller.name, id);
  const keys = await ports.store.reader.countKeysByDevice([id]);
  return { device: { id, name }, keys: keys.get(id) ?? 0 };
}
