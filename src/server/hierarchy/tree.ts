/**
 * The tree as this server knows it: its secondaries from their heartbeats, and the servers that they reported below
 * them.
 */
import type { Member } from '#domain/member.ts';
import type { HierarchyAnswer } from '#protocol/people/people-answers.ts';
import { eachServer } from '#domain/each-server.ts';
import type { TreeServer } from '#protocol/server-tree.ts';
import { isoTime } from '../environment/environment.ts';
import type { HierarchyPorts } from './ports.ts';
import { readOptions } from '../repository/settings.ts';
import { listMembers, readMember } from '../members/members.ts';
import { cutFairly, ROOM_SHOWN, ROOM_UPWARD, shortened, type TreeRoom } from './cut-tree.ts';
import type { PrimaryLink } from './primary/primary-link.ts';
import { readPrimary } from './primary/primary-row.ts';
import { sealableServers } from './sealable-servers.ts';
import { findRing, type Ring, ringSentence } from './ring.ts';
import { readSecondaryContact } from './secondaries/secondary-contact.ts';

/** Heartbeats missed before silence: one may be lost, two may be bad luck. */
const SILENT_HEARTBEATS = 3;
/** A line that is down for a moment is not silence, however short the heartbeat interval. */
const SILENT_MS_MIN = 3 * 60_000;

/** One secondary as it is shown: its row here and its last heartbeat. */
export async function showSecondary(
  ports: Pick<HierarchyPorts, 'clock' | 'server' | 'store'>,
  member: Member,
) {
  const { reader } = ports.store;
  const { contact, lastHeartbeatAt } = await readSecondaryContact(reader, member.id, ports.server.id);
  const { epoch, headSeq, useHierarchy, heartbeatMs } = contact;
  const acknowledgedSeq = (await reader.cursor(member.id, epoch))?.seq ?? 0;
  const dmz = member.dmz || contact.dmz;
  const shown: TreeServer = {
    id: member.id,
    name: member.name,
    useHierarchy,
    dmz,
    waiting: lastHeartbeatAt === null ? null : Math.max(0, headSeq - acknowledgedSeq),
    lastHeartbeatAt: lastHeartbeatAt === null ? null : isoTime(lastHeartbeatAt),
    problem: contact.problem ?? problemOf(ports.clock(), dmz, lastHeartbeatAt, heartbeatMs),
    ...(contact.console === undefined ? {} : { console: contact.console }),
    joinedAt: member.joinedAt,
    secondaries: contact.tree,
  };
  const ring = shown.problem === null ? findRing(ports.server, [shown]) : undefined;
  const problem = ring === undefined ? shown.problem : ringSentence(ring);
  return {
    acknowledgedSeq,
    shown: { ...shown, problem: contact.isTreeShortened ? shortened(problem) : problem },
  };
}

/** A silent server in a DMZ is expected: its firewall may not let it dial. */
function problemOf(
  now: number,
  dmz: boolean,
  lastHeartbeatAt: number | null,
  heartbeatMs: number,
): string | null {
  if (dmz) return null;
  if (lastHeartbeatAt === null) return 'no contact yet; check that it runs and can reach this server';
  if (now - lastHeartbeatAt <= Math.max(SILENT_MS_MIN, SILENT_HEARTBEATS * heartbeatMs)) return null;
  return `no contact since ${isoTime(lastHeartbeatAt)}; check that it runs and can reach this server`;
}

/** The secondaries by name, each by its row as it is now. */
async function readSecondaries(
  ports: Pick<HierarchyPorts, 'reported' | 'rows' | 'store'>,
): Promise<readonly Member[]> {
  const members = await Promise.all((await secondaryIds(ports)).map((id) => readSecondary(ports, id)));
  return members.filter((member) => member !== undefined);
}

function secondaryIds({
  reported,
  rows,
  store: { reader },
}: Pick<HierarchyPorts, 'reported' | 'rows' | 'store'>): Promise<readonly string[]> {
  return reported.ids(async () => (await listMembers(rows, reader, 'secondary')).map(({ id }) => id));
}

async function readSecondary(
  { rows, store: { reader } }: Pick<HierarchyPorts, 'rows' | 'store'>,
  id: string,
): Promise<Member | undefined> {
  const member = await readMember(rows, reader, id);
  return member?.removedAt === null ? member : undefined;
}

/** Whether this server's option keeps the keys of servers below it away. Asked for each key that is missed. */
export async function holdsSecondaryKeys(
  ports: Pick<HierarchyPorts, 'reported' | 'rows' | 'store'>,
): Promise<boolean> {
  const { useHierarchy } = await readOptions(ports.rows, ports.store.reader);
  if (useHierarchy) return false;
  for (const id of await secondaryIds(ports)) {
    if ((await readSecondary(ports, id))?.dmz === false) return true;
  }
  return false;
}

/** The servers below, nested. */
async function readTree(
  ports: Pick<HierarchyPorts, 'clock' | 'reported' | 'rows' | 'server' | 'store'>,
  room: TreeRoom,
): Promise<readonly TreeServer[]> {
  const secondaries = await Promise.all(
    (await readSecondaries(ports)).map(async (member) => (await showSecondary(ports, member)).shown),
  );
  return cutFairly(secondaries, ports.server.id, room);
}

/** The servers below, as reported to the primary. */
export function treeForPrimary(
  ports: Pick<HierarchyPorts, 'clock' | 'reported' | 'rows' | 'server' | 'store'>,
): Promise<readonly TreeServer[]> {
  return readTree(ports, ROOM_UPWARD);
}

/** The ring that this server stands in, as last reported from below. */
export async function ringSeen(
  ports: Pick<HierarchyPorts, 'clock' | 'reported' | 'rows' | 'server' | 'store'>,
): Promise<Ring | undefined> {
  return findRing(ports.server, await readTree(ports, ROOM_SHOWN));
}

/** Whether that server stands below this one, as last reported. */
export async function isBelow(
  ports: Pick<HierarchyPorts, 'clock' | 'reported' | 'rows' | 'server' | 'store'>,
  id: string,
): Promise<boolean> {
  return eachServer(await readTree(ports, ROOM_SHOWN)).some(({ server }) => server.id === id);
}

/** `hierarchy show`: this server, its primary, everything below. */
export async function showHierarchy(
  ports: Pick<HierarchyPorts, 'clock' | 'reported' | 'rows' | 'server' | 'store'>,
  link: PrimaryLink,
): Promise<HierarchyAnswer> {
  const { reader } = ports.store;
  const options = await readOptions(ports.rows, reader);
  const primary = await readPrimary(ports.rows, reader);
  const shown = primary === undefined ? null : link.show(primary);
  const head = await reader.head();
  const tree = await readTree(ports, ROOM_SHOWN);
  const ring = findRing(ports.server, tree);
  return {
    server: {
      ...ports.server,
      useHierarchy: options.useHierarchy,
      dmz: shown?.dmz ?? false,
      waiting: shown === null ? 0 : Math.max(0, head.seq - shown.acknowledgedSeq),
      lastHeartbeatAt: shown?.lastHeartbeatAt ?? null,
      problem: shown?.problem ?? (ring === undefined ? null : ringSentence(ring)),
    },
    primary:
      shown === null
        ? null
        : {
            id: shown.id,
            name: shown.name,
            useHierarchy: shown.useHierarchy,
            dmz: shown.dmz,
            waiting: null,
            lastHeartbeatAt: shown.lastHeartbeatAt,
            problem: shown.problem,
            ...(link.console === undefined ? {} : { console: link.console }),
          },
    secondaries: [...tree],
    sealable: (await sealableServers(ports)).map(({ id, name }) => ({ id, name })),
  };
}
