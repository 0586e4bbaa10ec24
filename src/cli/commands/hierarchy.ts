/** `keystair hierarchy …`: the servers above and below, and how servers join and leave. */
import { decodeInvitation } from '#domain/invitation.ts';
import { INVITATION_MS_MAX, RECOVERY_MS_MAX } from '#domain/limits.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { Noun } from '../command.ts';
import { command } from '../command.ts';
import { hierarchyLines } from '../hierarchy-lines.ts';
import { addressOption, type ServerAddress } from '../places.ts';
import { choice, duration, flag, onOff, required } from '../options.ts';
import { readInvitation } from '../secrets.ts';
import { UsageError } from '../usage-error.ts';
import { ADDRESSED_SERVER, ASKED_SERVER, count, DMZ_ADVICE, when } from '../words.ts';

/** The same for devices and secondaries. */
export const INVITATION_EXPIRES = duration(
  'DURATION',
  'how long the invitation is valid, like 12h or 7d; by default 7d',
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
    `It names the address ${addresses.join(', ')}, which only this machine can reach. For others, start the server with --listen and --address, then invite again.`,
  ];
}

const invite = command({
  summary: 'make a one-time invitation for a secondary of this server',
  positionals: {},
  options: {
    ...ADDRESSED_SERVER,
    dmz: flag('the secondary is in a demilitarised zone: no key crosses the link'),
    expires: INVITATION_EXPIRES,
  },
  example: '--data /var/lib/keystair --expires 2d > invitation',
  run: async (context, _values, { data: address, dmz, expires }) => {
    const client = await context.connect(address);
    const document = await client('inviteSecondary', {
      ...(dmz ? { dmz } : {}),
      ...(expires === undefined ? {} : { expiresMs: expires * 1000 }),
    });
    return {
      document,
      lines: [document.invitation],
      piped: true,
      messages: [
        `The invitation admits one secondary, until ${when(document.expiresAt)}. Anyone who has it can join: send it over a safe channel.`,
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
    'use-hierarchy': choice(['on'], 'also switch the option on at this server'),
  },
  example: 'invitation --data /var/lib/keystair --use-hierarchy on',
  run: async (context, values, { data: address, 'use-hierarchy': useHierarchy }) => {
    const client = await context.connect(address);
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
          : `This server is now a secondary of ${primary.name} (${primary.id}).`,
      ],
      messages: saysIfOpen(stillOff(document, address), document.addressesUpdated ? '' : ' from now on'),
    };
  },
});

type Link = Pick<PeopleAnswer<'joinHierarchy'>, 'primary' | 'dmz' | 'useHierarchy' | 'primaryUsesHierarchy'>;

/** What stops keys between the two servers, and at which end to fix it. */
function stillOff(joined: Link, address: ServerAddress): string[] {
  if (joined.dmz) return [DMZ_ADVICE];
  const command = 'keystair server settings --use-hierarchy on';
  const messages: string[] = [];
  if (!joined.useHierarchy) {
    messages.push(
      `Still off at this server: the option to use the hierarchy. Switch it on here: ${command} ${addressOption(address)}`,
    );
  }
  if (!joined.primaryUsesHierarchy) {
    messages.push(
      `Still off at the primary ${joined.primary.name}: the option to use the hierarchy. Ask its administrator to switch it on: ${command}`,
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
  run: async (context, _values, { data: address }) => {
    const client = await context.connect(address);
    const { sealable: _, ...document } = await client('showHierarchy', {});
    return { document, lines: hierarchyLines(document) };
  },
});

const heartbeat = command({
  summary: 'send a heartbeat to the primary now; returns when the transmission it caused is complete',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data: address }) => {
    const client = await context.connect(address);
    const document = await client('heartbeatNow', {});
    const { server, primary } = await client('showHierarchy', {});
    return {
      document,
      lines: [
        `${count(document.transmitted, 'key')} transmitted; the primary acknowledged all up to key number ${document.acknowledgedSeq}.`,
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
              address,
            ),
    };
  },
});

const set = command({
  summary: 'mark a neighbouring server as in a demilitarised zone, or not',
  positionals: { server: { placeholder: 'SERVER', help: 'id or name of the neighbour' } },
  options: { ...ADDRESSED_SERVER, dmz: required(onOff('on: no key crosses the link')) },
  example: 'Lyon --dmz on --data /var/lib/keystair',
  run: async (context, { server }, { data: address, dmz }) => {
    const client = await context.connect(address);
    const answer = await client('setServer', { id: server, dmz });
    return {
      document: {},
      lines: [`The link with ${answer.server.name} is ${dmz ? 'now marked DMZ' : 'no longer marked DMZ'}.`],
      messages: dmz ? [DMZ_ADVICE] : [],
    };
  },
});

const remove = command({
  summary: 'remove a secondary; the keys that came from it stay',
  positionals: { server: { placeholder: 'SERVER', help: 'id or name of the secondary' } },
  options: ASKED_SERVER,
  example: 'Lyon --data /var/lib/keystair',
  run: async (context, { server }, { data: address }) => {
    const client = await context.connect(address);
    const answer = await client('removeServer', { id: server });
    return {
      document: {},
      lines: [
        `${answer.server.name} is no longer a secondary of this server. The keys that came from it stay.`,
      ],
      messages: ['To admit it again: keystair hierarchy invite'],
    };
  },
});

const leave = command({
  summary: 'leave the primary; every key stays where it is',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data: address }) => {
    const client = await context.connect(address);
    const { primary, told } = await client('leaveHierarchy', {});
    const { server } = told ? { server: undefined } : await client('serverStatus', {});
    return {
      document: {},
      lines: [`This server no longer has a primary. Every key stays where it is.`],
      messages:
        server === undefined
          ? []
          : [
              `${primary.name} could not be notified. Remove this server there: keystair hierarchy remove ${server.id}`,
            ],
    };
  },
});

const allowRecovery = command({
  summary: 'let a secondary that lost keys recover, for a limited time, those it sent here',
  positionals: { server: { placeholder: 'SERVER', help: 'id or name of the secondary' } },
  options: {
    ...ASKED_SERVER,
    expires: duration('DURATION', 'for how long, like 2h or 3d; by default 1d', {
      secondsMin: 1,
      secondsMax: RECOVERY_MS_MAX / 1000,
    }),
    off: flag('end it now'),
  },
  example: 'Lyon --expires 4h --data /var/lib/keystair',
  check: (_values, { expires, off }) => {
    if (off && expires !== undefined) throw new UsageError('give only one of --off and --expires');
  },
  run: async (context, { server }, { data: address, expires, off }) => {
    const client = await context.connect(address);
    const document = await client('allowRecovery', {
      id: server,
      ...(expires === undefined ? {} : { expiresMs: expires * 1000 }),
      ...(off ? { off: true as const } : {}),
    });
    const { name } = document.server;
    return {
      document,
      lines: [
        document.expiresAt === null
          ? `${name} can no longer recover keys from here; its lookups still work.`
          : `${name} may recover every key that came from it, until ${when(document.expiresAt)}.`,
      ],
      messages:
        document.expiresAt === null
          ? []
          : [
              'Make sure that the restored server is the one that asks: anyone who holds its private key receives them.',
              `Next, on ${name}: keystair server recover-from-primary --data DIR`,
            ],
    };
  },
});

export const hierarchyCommands: Noun = {
  summary: 'the tree of servers',
  verbs: { show, invite, join, heartbeat, set, remove, leave, 'allow-recovery': allowRecovery },
};
