/**
 * A ring of servers as one of them sees it: the server finds itself in the tree below it. No server joins into a ring
 * that can be seen, but a server that was restored or moved manually can still close one. Keys then go round once and
 * reach no root until one of the servers leaves its primary.
 */
import type { ServerName } from '#domain/server-name.ts';
import { type Notice, step, warn } from '#domain/step.ts';
import { eachServer } from '#domain/each-server.ts';

/** A server of a ring, and when it became a secondary of the server before it. */
interface RingServer extends ServerName {
  readonly joinedAt?: string | undefined;
}

/** What a tree must hold so that a ring can be found in it. */
interface NamedTree extends RingServer {
  readonly secondaries: readonly NamedTree[];
}

/** Each is a secondary of the one before it. The last one is the first again. */
export type Ring = readonly RingServer[];

/**
 * How many servers are named at either end of a long ring, and how many units of each name, so that the sentence fits
 * into a tree's problem.
 */
const RING_NAMED_MAX = 4;
const RING_NAME_UNITS_MAX = 48;

/** The ring through this server, if the tree below it contains it again. */
export function findRing(own: ServerName, tree: readonly NamedTree[]): Ring | undefined {
  const line: RingServer[] = [];
  for (const { server, depth } of eachServer(tree)) {
    line.length = depth;
    line.push({ id: server.id, name: server.name, joinedAt: server.joinedAt });
    if (server.id === own.id) return [own, ...line];
  }
  return undefined;
}

/** Describes the ring and the link that was made last: ending that link ends the ring. */
export function ringNotice(ring: Ring): Notice {
  const names = ring.map(({ name }) => short(name));
  const named =
    names.length <= 2 * RING_NAMED_MAX
      ? names
      : [...names.slice(0, RING_NAMED_MAX), '…', ...names.slice(-RING_NAMED_MAX)];
  const sentence = `the servers form a loop, each below the one before: ${named.join(', ')}`;
  const youngest = youngestLink(ring);
  const servers = named.join(', ');
  if (youngest === undefined)
    return warn(
      { name: 'loop', details: { servers, secondary: '', primary: '', at: '' } },
      sentence,
      step('break-any-link'),
    );
  const { secondary, primary, joinedAt } = youngest;
  return warn(
    {
      name: 'loop',
      details: { servers, secondary: short(secondary), primary: short(primary), at: joinedAt },
    },
    `${sentence}; the newest link is that of ${short(secondary)} to its primary ${short(primary)}, made at ${joinedAt}`,
    step('break-ring', { server: short(secondary) }),
  );
}

/** The same as the problem of a link: one plain sentence that travels upward. */
export function ringSentence(ring: Ring): string {
  const { sentence, nextStep } = ringNotice(ring);
  return `${sentence}; ${nextStep}`;
}

function youngestLink(ring: Ring) {
  let youngest: { secondary: string; primary: string; joinedAt: string } | undefined;
  for (const [index, { name, joinedAt }] of ring.entries()) {
    const primary = ring[index - 1];
    if (primary === undefined || joinedAt === undefined) continue;
    if (youngest === undefined || Date.parse(joinedAt) > Date.parse(youngest.joinedAt))
      youngest = { secondary: name, primary: primary.name, joinedAt };
  }
  return youngest;
}

function short(name: string): string {
  return name.length <= RING_NAME_UNITS_MAX ? name : `${name.slice(0, RING_NAME_UNITS_MAX)}…`;
}
