/**
 * Cuts a tree to its bounds. Invariant: the result can be shown here and sent upward. Its depth, its number of servers
 * and its size in bytes are bounded, and this server's own id appears only at a leaf. Where something was cut, the
 * server above that place says so in its problem.
 */
import {
  LOOKUP_DEPTH_MAX,
  TREE_BYTES_MAX,
  TREE_PROBLEM_LENGTH_MAX,
  TREE_SERVERS_MAX,
  TREE_SHOWN_BYTES_MAX,
  TREE_SHOWN_SERVERS_MAX,
} from '#domain/limits.ts';
import { eachServer } from '#domain/each-server.ts';
import type { TreeServer } from '#protocol/server-tree.ts';

/** The limits of a tree. */
export interface TreeRoom {
  /** Levels of servers. */
  readonly depth: number;
  readonly servers: number;
  /** As JSON. */
  readonly bytes: number;
}

/**
 * The limits for what a server tells its primary. The server itself is not included: its secondaries are the first
 * level.
 */
export const ROOM_UPWARD: TreeRoom = {
  depth: LOOKUP_DEPTH_MAX - 1,
  servers: TREE_SERVERS_MAX,
  bytes: TREE_BYTES_MAX,
};
/** The limits for the tree that one secondary told: the secondary itself takes one level above it. */
const ROOM_TOLD: TreeRoom = { ...ROOM_UPWARD, depth: ROOM_UPWARD.depth - 1 };
export const ROOM_SHOWN: TreeRoom = {
  ...ROOM_UPWARD,
  servers: TREE_SHOWN_SERVERS_MAX,
  bytes: TREE_SHOWN_BYTES_MAX,
};

/** Sentences for the problem of a server. */
const CUT = {
  repeated: 'it is above itself, so the servers below it are not shown again',
  deep: 'the servers below it are not shown: the hierarchy is too deep; check it for a loop',
  many: 'not all servers below it are shown: there are too many',
  beside: 'not all servers beside it are shown: there are too many',
} as const;
/** A note and what joins it to a problem. Reserved for every server that has no note but may get one. */
const NOTE_BYTES = 128;

type Kept = { -readonly [Field in keyof TreeServer]: TreeServer[Field] } & { secondaries: Kept[] };

interface Place {
  readonly server: TreeServer;
  readonly depth: number;
  /** The place of the server above, if that is in the tree. */
  readonly above: Place | undefined;
  kept: Kept | undefined;
}

/**
 * Cuts the servers that a secondary told of.
 *
 * @returns what is kept, whether that is less than was told, and whether servers right below the secondary are left
 * out: then the secondary's own problem says so.
 */
export function cutTold(
  told: readonly TreeServer[],
  ownId: string,
): { readonly tree: readonly TreeServer[]; readonly isCut: boolean; readonly isShortened: boolean } {
  const { tree, isCut } = cutTree(told, ownId, ROOM_TOLD);
  return { tree, isCut, isShortened: tree.length < told.length };
}

/** The problem of a server whose secondaries are not all shown. */
export function shortened(problem: string | null): string {
  return withNote(problem, CUT.many);
}

/**
 * Secondaries with the tree that each told. Each gets its share of the room and leaves what it does not need to those
 * that need more, so a secondary that tells of too many servers takes nothing from the others.
 */
export function cutFairly(
  secondaries: readonly TreeServer[],
  ownId: string,
  room: TreeRoom,
): readonly TreeServer[] {
  const notesBytes = NOTE_BYTES * (1 + secondaries.filter((server) => server.secondaries.length > 0).length);
  const own = cutTree(
    secondaries.map((server) => ({ ...server, secondaries: [] })),
    ownId,
    { ...room, bytes: room.bytes - notesBytes },
  );
  const left = { servers: room.servers - own.servers, bytes: room.bytes - notesBytes - own.bytes };
  const tree = [...own.tree];
  const smallestFirst = tree
    .map((server, index) => ({ server, index, told: secondaries[index]!.secondaries }))
    .toSorted((one, other) => countServers(one.told) - countServers(other.told));
  for (const [done, { server, index, told }] of smallestFirst.entries()) {
    const sharers = smallestFirst.length - done;
    const cut = cutTree(told, ownId, {
      depth: room.depth - 1,
      servers: Math.floor(left.servers / sharers),
      bytes: Math.floor(left.bytes / sharers),
    });
    left.servers -= cut.servers;
    left.bytes -= cut.bytes;
    const problem = cut.tree.length < told.length ? shortened(server.problem) : server.problem;
    tree[index] = { ...server, problem, secondaries: cut.tree };
  }
  return tree.length < secondaries.length ? withLastNoted(tree) : tree;
}

/**
 * Cuts level by level, so that a tree that is too large keeps its upper levels.
 *
 * @returns the tree, the room that it takes, and whether something was cut. Servers of the first level may be missing
 * without a note: there is no server above them to carry one.
 */
function cutTree(
  tree: readonly TreeServer[],
  ownId: string,
  room: TreeRoom,
): {
  readonly tree: readonly TreeServer[];
  readonly servers: number;
  readonly bytes: number;
  readonly isCut: boolean;
} {
  const kept: Kept[] = [];
  const places: Place[] = tree.map((server) => ({ server, depth: 1, above: undefined, kept: undefined }));
  let servers = 0;
  let bytes = 0;
  let isFull = false;
  let isCut = false;
  // The list grows while it is walked.
  for (const place of places) {
    const { server, depth, above } = place;
    const repeated = server.id === ownId || isRepeated(place);
    const size = bytesOf(server, repeated || server.secondaries.length > 0);
    isFull ||= servers + 1 > room.servers || bytes + size > room.bytes;
    if (isFull) {
      isCut = true;
      if (above !== undefined) note(above.kept!, CUT.many);
      continue;
    }
    servers += 1;
    bytes += size;
    place.kept = { ...server, secondaries: [] };
    (above === undefined ? kept : above.kept!.secondaries).push(place.kept);
    const isEnd = repeated || depth >= room.depth;
    if (isEnd && server.secondaries.length > 0) isCut = true;
    if (repeated) note(place.kept, CUT.repeated);
    else if (isEnd && server.secondaries.length > 0) note(place.kept, CUT.deep);
    if (!isEnd) {
      for (const below of server.secondaries)
        places.push({ server: below, depth: depth + 1, above: place, kept: undefined });
    }
  }
  return { tree: kept, servers, bytes, isCut };
}

function note(server: Kept, text: string): void {
  server.problem = withNote(server.problem, text);
}

/** One note is enough. It replaces the problem where both together are too long. */
function withNote(problem: string | null, text: string): string {
  if (problem === null) return text;
  if (isNoted(problem)) return problem;
  const both = `${problem}; ${text}`;
  return both.length > TREE_PROBLEM_LENGTH_MAX ? text : both;
}

function withLastNoted(tree: readonly TreeServer[]): readonly TreeServer[] {
  const last = tree.at(-1);
  if (last === undefined) return tree;
  return [...tree.slice(0, -1), { ...last, problem: withNote(last.problem, CUT.beside) }];
}

function isNoted(problem: string | null): boolean {
  return Object.values(CUT).some((text) => problem?.includes(text));
}

/** The size as JSON: without the servers below, with its comma, and with the note that it may get. */
function bytesOf(server: TreeServer, mayBeNoted: boolean): number {
  const bytes = Buffer.byteLength(JSON.stringify({ ...server, secondaries: [] })) + 1;
  return mayBeNoted && !isNoted(server.problem) ? bytes + NOTE_BYTES : bytes;
}

function countServers(tree: readonly TreeServer[]): number {
  return eachServer(tree).reduce((servers) => servers + 1, 0);
}

function isRepeated({ server: { id }, above }: Place): boolean {
  for (let place = above; place !== undefined; place = place.above) if (place.server.id === id) return true;
  return false;
}
