/** `keystair devices …`: the managed devices of a server. */
import { DEVICE_ORDERS } from '#domain/list-order.ts';
import { DEVICE_STATES } from '#domain/member.ts';
import type { Noun } from '../command.ts';
import { command } from '../command.ts';
import { everyDevice, type ListedDevice } from '../every-device.ts';
import { choice, required, text, time } from '../options.ts';
import { tableOf } from '../table.ts';
import { ADDRESSED_SERVER, when } from '../words.ts';
import { coverage, drivesWords, show, stateWords } from './device-drives.ts';
import { INVITATION_EXPIRES, leadsNowhereElse } from './hierarchy.ts';

const invite = command({
  summary: 'make a one-time invitation for a device',
  positionals: {},
  options: {
    ...ADDRESSED_SERVER,
    expires: INVITATION_EXPIRES,
    group: text('G', 'the group in which the device is to stand; the root by default'),
  },
  example: '--data /var/lib/keystair > invitation',
  run: async (context, _values, { data: address, expires, group }) => {
    const client = await context.connect(address);
    const document = await client('inviteDevice', {
      ...(expires === undefined ? {} : { expiresMs: expires * 1000 }),
      ...(group === undefined ? {} : { group }),
    });
    return {
      document,
      lines: [document.invitation],
      piped: true,
      messages: [
        `The invitation admits one device, until ${when(document.expiresAt)}. Anyone who has it can join: send it over a safe channel.`,
        'Next, on the device: keystair agent enrol FILE --state DIR',
        ...leadsNowhereElse(document.invitation),
      ],
    };
  },
});

const list = command({
  summary: 'list the devices and how many keys each has',
  positionals: {},
  options: {
    ...ADDRESSED_SERVER,
    find: text('TEXT', 'only devices with this text in their name or id'),
    group: text('G', 'only devices in this group, or in one that is in it'),
    state: choice(DEVICE_STATES, 'only devices in this state'),
    'not-state': choice(DEVICE_STATES, 'only devices in any other state'),
    'silent-since': time('only devices not heard since then'),
    'heard-since': time('only devices heard since then'),
    order: choice(DEVICE_ORDERS, 'which devices come first; a-z by default'),
  },
  example: '--silent-since 30d --order longest-silent --data /var/lib/keystair',
  run: async (context, _values, { data: address, order, find, group, state, ...options }) => {
    const client = await context.connect(address);
    const filter = {
      find,
      group,
      state,
      notState: options['not-state'],
      silentSince: options['silent-since'],
      heardSince: options['heard-since'],
    };
    const devices = await everyDevice(client, { ...filter, order });
    return {
      document: { devices },
      lines:
        devices.length === 0
          ? [noDevices(Object.values(filter).some((value) => value !== undefined))]
          : tableOf(
              ['Name', 'Id', 'Group', 'Keys', 'Drives', 'Last heartbeat', 'State'],
              devices,
              deviceCells,
            ),
    };
  },
});

function noDevices(isFiltered: boolean): string {
  return isFiltered ? 'No such devices.' : 'No devices. To invite one: keystair devices invite';
}

function deviceCells(device: ListedDevice): string[] {
  return [
    device.name,
    device.id,
    device.group.name,
    String(device.keys),
    drivesWords(device.drives),
    when(device.lastHeartbeatAt),
    stateWords(device),
  ];
}

const set = command({
  summary: 'move a device to another group',
  positionals: { device: { placeholder: 'D', help: 'id or name of the device' } },
  options: { ...ADDRESSED_SERVER, group: required(text('G', 'id or name of the group')) },
  example: 'laptop-17 --group Lyon --data /var/lib/keystair',
  run: async (context, { device: id }, { data: address, group: wanted }) => {
    const client = await context.connect(address);
    const document = await client('setDevice', { id, group: wanted });
    const { device, group } = document;
    return {
      document,
      lines: [`${device.name} stands in the group ${group.name} now, and its keys with it.`],
    };
  },
});

const remove = command({
  summary: 'remove a device; its keys stay',
  positionals: { device: { placeholder: 'D', help: 'id or name of the device' } },
  options: ADDRESSED_SERVER,
  example: 'laptop-17 --data /var/lib/keystair',
  run: async (context, { device }, { data: address }) => {
    const client = await context.connect(address);
    const answer = await client('removeDevice', { id: device });
    return {
      document: {},
      lines: [`${answer.device.name} is removed. ${keysStay(answer.keys)}`],
      messages: ['To admit it again: keystair devices invite'],
    };
  },
});

function keysStay(keys: number): string {
  if (keys === 0) return 'It has no keys here.';
  return keys === 1 ? 'Its key stays here.' : `Its ${keys} keys stay here.`;
}

export const devicesCommands: Noun = {
  summary: 'the managed devices of a server',
  verbs: { list, show, coverage, invite, set, remove },
};
