/** `keystair hierarchy …`: the servers above and below, and how servers join and leave. */
import { decodeInvitation } from '#domain/invitation.ts';
import { INVITATION_MS_MAX, RECOVERY_MS_MAX } from '#domain/limits.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { Noun } from '../command.ts';
import { command } from '../command.ts';
import { hierarchyLines } from '../hierarchy-lines.ts';
import { choice, duration, flag, onOff, required } from '../options.ts';
import { readInvitation } from '../secrets.ts';
import { UsageError } from '../usage-error.ts';
import { ADDRESSED_SERVER, count, DMZ_ADVICE, when } from '../words.ts';

/** The same for devices and secondaries. */
export const INVITATION_EXPIRES = duration(
  'DURATION',
  'how long the invitation may be used, like 12h or 7d; 7d if not given',
  {
    secondsMin: 1,
    secondsMax: INVITATION_MS_MAX / 1000,
  },
);

const THIS_MACHINE = /^(?:127\.|localhost:|\[::1\])/;

/** A server that was started without an address can be joined only from its own machine. */
export function leadsNowhereElse(invitation: string): string[] {
  const { addresses } = decodeInvitation(invitation);
  if (!addresses.every((address) => THIS_MACHINE.test(address))) return [];
  return [
    `It leads to ${addresses.join(', ')}, which is this machine. For others start the server with --listen and --address, and invite then.`,
  ];
}

const invite = command({
  summary: 'make a one-time invitation for a secondary of this server',
  positionals: {},
  options: {
    ...ADDRESSED_SERVER,
    dmz: flag('the secondary stands in a demilitarised zone: no key will cross the link'),
    expires: INVITATION_EXPIRES,
  },
  example: '--data /var/lib/keystair --expires 2d > invitation',
  run: async (context, _values, { data, dmz, expires }) => {
    const client = await context.connect(data);
    const document = await client('inviteSecondary', {
      ...(dmz ? { dmz } : {}),
      ...(expires === undefined ? {} : { expiresMs: expires * 1000 }),
    });
    return {
      document,
      lines: [document.invitation],
      piped: true,
      messages: [
        `The invitation is good for one secondary, until ${when(document.expiresAt)}. Whoever has it can join: send it safely.`,
        'Next, on the secondary: keystair hierarchy join FILE --data DIR --use-hierarchy on',
        ...leadsNowhereElse(document.invitation),
        ...(dmz ? [DMZ_ADVICE] : []),
      ],
    };
  },
});

const join = command({
  summary: 'make this server a secondary of the one that gave the invitation',
  positionals: {
    invitation: { placeholder: 'FILE|-', help: 'the file with the invitation, or - for standard input' },
  },
  options: {
    ...ADDRESSED_SERVER,
    'use-hierarchy': choice(['on'], 'switch the option on at this server, too'),
  },
  example: 'invitation --data /var/lib/keystair --use-hierarchy on',
  run: async (context, values, { data, 'use-hierarchy': useHierarchy }) => {
    const client = await context.connect(data);
    const invitation = await readInvitation(values.invitation, context.terminal);
    const document = await client('joinHierarchy', {
      invitation,
      ...(useHierarchy === undefined ? {} : { useHierarchy: true as const }),
    });
    const { primary } = document;
    return {
      document,
      lines: [
        document.addressesUpdated
          ? `${primary.name} (${primary.id}) is the primary of this server, as before. Its address was renewed: ${document.addresses.join(', ')}.`
          : `This server is a secondary of ${primary.name} (${primary.id}) now.`,
      ],
      messages: saysIfOpen(stillOff(document, data), document.addressesUpdated ? '' : ' from now on'),
    };
  },
});

type Link = Pick<PeopleAnswer<'joinHierarchy'>, 'primary' | 'dmz' | 'useHierarchy' | 'primaryUsesHierarchy'>;

/** What stops keys between the two servers, and at which end to fix it. */
function stillOff(joined: Link, data: string): string[] {
  if (joined.dmz) return [DMZ_ADVICE];
  const command = 'keystair server settings --use-hierarchy on';
  const messages: string[] = [];
  if (!joined.useHierarchy) {
    messages.push(
      `Still off at this server: the option to use the hierarchy. Switch it on here: ${command} --data ${data}`,
    );
  }
  if (!joined.primaryUsesHierarchy) {
    messages.push(
      `Still off at the primary ${joined.primary.name}: the option to use the hierarchy. Have it switched on there: ${command}`,
    );
  }
  return messages;
}

function saysIfOpen(off: string[], since: string): string[] {
  return off.length > 0 ? off : [`The option is on at both ends: keys go to the primary${since}.`];
}

const show = command({
  summary: 'show the tree of servers as this server knows it',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data }) => {
    const client = await context.connect(data);
    const document = await client('showHierarchy', {});
    return { document, lines: hierarchyLines(document) };
  },
});

const heartbeat = command({
  summary: 'a heartbeat to the primary now; ends when the transmission it led to is over',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data }) => {
    const client = await context.connect(data);
    const document = await client('heartbeatNow', {});
    const { server, primary } = await client('showHierarchy', {});
    return {
      document,
      lines: [
        `${count(document.transmitted, 'key')} transmitted; the primary acknowledges up to key number ${document.acknowledgedSeq}.`,
      ],
      // Why no more keys went, where something is blocking.
      messages:
        primary === null
          ? []
          : stillOff(
              {
                primary,
                dmz: server.dmz || primary.dmz,
                useHierarchy: server.useHierarchy,
                primaryUsesHierarchy: primary.useHierarchy,
              },
              data,
            ),
    };
  },
});

const set = command({
  summary: 'mark a neighbouring server as standing in a demilitarised zone, or not',
  positionals: { server: { placeholder: 'SERVER', help: 'id or name of the neighbour' } },
  options: { ...ADDRESSED_SERVER, dmz: required(onOff('whether keys are kept from crossing the link')) },
  example: 'Lyon --dmz on --data /var/lib/keystair',
  run: async (context, { server }, { data, dmz }) => {
    const client = await context.connect(data);
    const answer = await client('setServer', { server, dmz });
    return {
      document: {},
      lines: [`The link with ${answer.server.name} is ${dmz ? 'marked DMZ' : 'not marked DMZ any more'}.`],
      messages: dmz ? [DMZ_ADVICE] : [],
    };
  },
});

const remove = command({
  summary: 'remove a secondary; the keys that came from it stay',
  positionals: { server: { placeholder: 'SERVER', help: 'id or name of the secondary' } },
  options: ADDRESSED_SERVER,
  example: 'Lyon --data /var/lib/keystair',
  run: async (context, { server }, { data }) => {
    const client = await context.connect(data);
    const answer = await client('removeServer', { server });
    return {
      document: {},
      lines: [
        `${answer.server.name} is no secondary of this server any more. The keys that came from it stay.`,
      ],
      messages: ['To take it in again: keystair hierarchy invite'],
    };
  },
});

const leave = command({
  summary: 'leave the primary; every key stays where it is',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data }) => {
    const client = await context.connect(data);
    const { primary, told } = await client('leaveHierarchy', {});
    const { server } = told ? { server: undefined } : await client('serverStatus', {});
    return {
      document: {},
      lines: [`This server has no primary any more. Every key stays where it is.`],
      messages:
        server === undefined
          ? []
          : [
              `${primary.name} could not be told. Have this server removed there: keystair hierarchy remove ${server.id}`,
            ],
    };
  },
});

const allowRecovery = command({
  summary: 'let a secondary that lost keys have back, for a while, what it once sent here',
  positionals: { server: { placeholder: 'SERVER', help: 'id or name of the secondary' } },
  options: {
    ...ADDRESSED_SERVER,
    expires: duration('DURATION', 'for how long, like 2h or 3d; 1d if not given', {
      secondsMin: 1,
      secondsMax: RECOVERY_MS_MAX / 1000,
    }),
    off: flag('end it now'),
  },
  example: 'Lyon --expires 4h --data /var/lib/keystair',
  check: (_values, { expires, off }) => {
    if (off && expires !== undefined) throw new UsageError('--off and --expires do not go together');
  },
  run: async (context, { server }, { data, expires, off }) => {
    const client = await context.connect(data);
    const document = await client('allowRecovery', {
      server,
      ...(expires === undefined ? {} : { expiresMs: expires * 1000 }),
      ...(off ? { off: true as const } : {}),
    });
    const { name } = document.server;
    return {
      document,
      lines: [
        document.expiresAt === null
          ? `${name} gets no keys back from here any more, but by its lookups.`
          : `${name} may have every key back that came from it, until ${when(document.expiresAt)}.`,
      ],
      messages:
        document.expiresAt === null
          ? []
          : [
              'Make sure that it is the restored server that asks: whoever holds its key gets them.',
              `Next, on ${name}: keystair server recover-from-primary --data DIR`,
            ],
    };
  },
});

export const hierarchyCommands: Noun = {
  summary: 'the tree of servers',
  verbs: { show, invite, join, heartbeat, set, remove, leave, 'allow-recovery': allowRecovery },
};
