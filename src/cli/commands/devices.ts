/** `keystair devices …`: the managed devices of a server. */
import { LIST_PAGE_MAX } from '#domain/limits.ts';
import type { PeopleClient } from '#transport/people/people-client.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { Noun } from '../command.ts';
import { command } from '../command.ts';
import { pages } from '../packed-list.ts';
import { tableOf } from '../table.ts';
import { ADDRESSED_SERVER, when } from '../words.ts';
import { INVITATION_EXPIRES, leadsNowhereElse } from './hierarchy.ts';

const invite = command({
  summary: 'make a one-time invitation for a device',
  positionals: {},
  options: { ...ADDRESSED_SERVER, expires: INVITATION_EXPIRES },
  example: '--data /var/lib/keystair > invitation',
  run: async (context, _values, { data, expires }) => {
    const client = await context.connect(data);
    const document = await client('inviteDevice', expires === undefined ? {} : { expiresMs: expires * 1000 });
    return {
      document,
      lines: [document.invitation],
      piped: true,
      messages: [
        `The invitation is good for one device, until ${when(document.expiresAt)}. Whoever has it can join: send it safely.`,
        'Next, on the device: keystair agent enrol FILE --state DIR',
        ...leadsNowhereElse(document.invitation),
      ],
    };
  },
});

type ListedDevice = PeopleAnswer<'listDevices'>['devices'][number];

/** Every page, by name. */
async function everyDevice(client: PeopleClient): Promise<ListedDevice[]> {
  const devices: ListedDevice[] = [];
  for await (const page of pages<string, PeopleAnswer<'listDevices'>>((behind) =>
    client('listDevices', { limit: LIST_PAGE_MAX, ...behind }),
  )) {
    for (const device of page.devices) devices.push(device);
  }
  return devices;
}

const list = command({
  summary: 'list the devices with the number of their keys',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data }) => {
    const client = await context.connect(data);
    const devices = await everyDevice(client);
    return {
      document: { devices },
      lines:
        devices.length === 0
          ? ['No devices. To invite one: keystair devices invite']
          : tableOf(['Name', 'Id', 'Keys', 'Last heartbeat', 'State'], devices, deviceCells),
    };
  },
});

function deviceCells(device: ListedDevice): string[] {
  return [
    device.name,
    device.id,
    String(device.keys),
    when(device.lastHeartbeatAt),
    device.movedTo === undefined ? device.state : `${device.state} to ${device.movedTo.name}`,
  ];
}

const remove = command({
  summary: 'remove a device; its keys stay',
  positionals: { device: { placeholder: 'D', help: 'id or name of the device' } },
  options: ADDRESSED_SERVER,
  example: 'laptop-17 --data /var/lib/keystair',
  run: async (context, { device }, { data }) => {
    const client = await context.connect(data);
    const answer = await client('removeDevice', { device });
    return {
      document: {},
      lines: [`${answer.device.name} is removed. ${keysStay(answer.keys)}`],
      messages: ['To take it in again: keystair devices invite'],
    };
  },
});

function keysStay(keys: number): string {
  if (keys === 0) return 'There is no key of it here.';
  return keys === 1 ? 'Its key stays here.' : `Its ${keys} keys stay here.`;
}

export const devicesCommands: Noun = {
  summary: 'the managed devices of a server',
  verbs: { list, invite, remove },
};
