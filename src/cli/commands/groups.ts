/** `keystair groups …`: the groups of devices, a tree in which each device stands once. */
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { nameRule, readName } from '#domain/name.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { Noun } from '../command.ts';
import { command } from '../command.ts';
import { flag, name, required, text } from '../options.ts';
import { tableOf } from '../table.ts';
import { UsageError } from '../usage-error.ts';
import { ADDRESSED_SERVER } from '../words.ts';

const GROUP = { group: { placeholder: 'G', help: 'id or name of the group' } };
type ListedGroup = PeopleAnswer<'listGroups'>['groups'][number];

const list = command({
  summary: 'list the groups as a tree, and how many devices stand in each itself',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data: address }) => {
    const client = await context.connect(address);
    const document = await client('listGroups', {});
    const { groups } = document;
    return {
      document,
      lines: tableOf(['Group', 'Devices', 'Id'], groups, (group) => [
        `${'  '.repeat(depthOf(groups, group))}${group.name}`,
        String(group.devices),
        group.id,
      ]),
      messages: groups.length > 1 ? [] : ['To add a group: keystair groups add NAME'],
    };
  },
});

function depthOf(groups: readonly ListedGroup[], { above: aboveId }: ListedGroup): number {
  const above = groups.find(({ id }) => id === aboveId);
  return above === undefined ? 0 : 1 + depthOf(groups, above);
}

const add = command({
  summary: 'add a group, below the root or below another group',
  positionals: { name: { placeholder: 'NAME', help: 'the name of the group' } },
  options: { ...ADDRESSED_SERVER, in: text('G', 'the group above it; the root by default') },
  example: 'Lyon --in France --data /var/lib/keystair',
  check: ({ name: given }) => {
    const read = readName(given);
    if ('fault' in read) throw new UsageError(`NAME ${read.fault}; it must be ${nameRule(NAME_LENGTH_MAX)}`);
  },
  run: async (context, { name: given }, { data: address, in: above }) => {
    const client = await context.connect(address);
    const document = await client('addGroup', { name: given, ...(above === undefined ? {} : { above }) });
    return {
      document,
      lines: [`The group ${document.group.name} is added.`],
      messages: ['To move a device there: keystair devices set D --group G'],
    };
  },
});

const rename = command({
  summary: 'give a group another name',
  positionals: GROUP,
  options: { ...ADDRESSED_SERVER, name: required(name('the new name')) },
  example: 'Lyon --name "Lyon Part-Dieu" --data /var/lib/keystair',
  run: async (context, { group: id }, { data: address, name: given }) => {
    const client = await context.connect(address);
    const document = await client('setGroup', { id, name: given });
    return { document, lines: [`The group is now called ${document.group.name}.`] };
  },
});

const move = command({
  summary: 'move a group, with all that is in it, below another group',
  positionals: GROUP,
  options: { ...ADDRESSED_SERVER, in: required(text('G', 'the group above it from now on')) },
  example: 'Lyon --in France --data /var/lib/keystair',
  run: async (context, { group: id }, { data: address, in: above }) => {
    const client = await context.connect(address);
    const document = await client('setGroup', { id, above });
    return {
      document,
      lines: [`The group ${document.group.name} stands there now.`],
      messages: ['Rights that are limited to a group hold for what stands in it now.'],
    };
  },
});

const remove = command({
  summary: 'remove a group; no device and no key is lost by it',
  positionals: GROUP,
  options: {
    ...ADDRESSED_SERVER,
    'move-up': flag(
      'first move what is in it to the group above; else a group is removed only if it is empty',
    ),
  },
  example: 'Lyon --move-up --data /var/lib/keystair',
  run: async (context, { group: id }, { data: address, 'move-up': up }) => {
    const client = await context.connect(address);
    const answer = await client('removeGroup', { id, contents: up ? 'move-up' : 'refuse' });
    const { group, devices, groups } = answer;
    const moved = devices + groups > 0;
    return {
      document: answer,
      lines: [
        `The group ${group.name} is removed.`,
        ...(moved
          ? [
              `In the group above stand now: ${devices} of its devices, ${groups} of its groups. Their keys stay.`,
            ]
          : []),
      ],
    };
  },
});

export const groupsCommands: Noun = {
  summary: 'groups of devices',
  verbs: { list, add, rename, move, remove },
};
