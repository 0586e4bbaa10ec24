/** What comes slowly, what never ends, and what is answered to nobody: connections that are held for nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { again, type Attack, asDevice, asSecondary, overKept, type Scene } from './attack.ts';
import { Connection, headOf, type Line, requestOf } from './connection.ts';
import { someQuestion } from './record.ts';

const MANY = 200;
const A_BYTE_EACH_MS = 20;
const BLOCK = Buffer.alloc(64 * 1024, ' ');
const CHUNK = Buffer.concat([Buffer.from('10000\r\n'), BLOCK, Buffer.from('\r\n')]);
const TINY_CHUNKS = Buffer.from('1\r\n \r\n'.repeat(10_000));
/** Few: a block of tiny chunks costs its reader 25 ms, and a server that keeps the pieces holds 30 MiB for each lane. */
const TINY_LANES = 6;
const CHUNKED = { headers: { 'transfer-encoding': 'chunked' } };
/** On one connection, before anybody would read. */
const PIPELINED = 2000;
const TOGETHER = 20;

/** A front at once, then one byte after the other, on many connections. */
function slow(name: string, who: (scene: Scene) => Line, front: string, rest: string): Attack {
  return {
    name,
    run: (scene) =>
      overKept(scene, who(scene), MANY, async (connection) => {
        connection.drop();
        await connection.write(front);
        for (let at = 0; !scene.over() && !connection.closed; at += 1) {
          await connection.write(rest[at % rest.length]!);
          await sleep(A_BYTE_EACH_MS * (1 + Math.random()));
        }
        scene.tally.count(connection.closed ? 'closed' : 'held');
      }),
  };
}

/** A front, then blocks for as long as they are taken. */
function endless(name: string, who: (scene: Scene) => Line, front: string, block: Uint8Array): Attack {
  return {
    name,
    run: (scene) =>
      overKept(scene, who(scene), 8, async (connection) => {
        connection.drop();
        await connection.write(front);
        let blocks = 0;
        while (!scene.over() && !connection.closed) {
          await connection.write(block).catch(() => undefined);
          blocks += 1;
        }
        scene.tally.count('blocks', blocks);
      }),
  };
}

/** Each byte a chunk of its own: a server that keeps the pieces has a hundred times their bytes. */
function inTinyPieces(name: string, who: (scene: Scene) => Line, front: string): Attack {
  return {
    name,
    run: (scene) =>
      overKept(scene, who(scene), TINY_LANES, async (connection) => {
        connection.drop();
        await connection.write(front);
        while (!scene.over() && !connection.closed)
          await connection.write(TINY_CHUNKS).catch(() => undefined);
        scene.tally.count(connection.closed ? 'closed' : 'held');
      }),
  };
}

/** Requests without end on one connection each, whose answers nobody reads. */
function unread(
  name: string,
  lanes: number,
  who: (scene: Scene) => Line,
  request: (scene: Scene) => Uint8Array,
): Attack {
  return {
    name,
    run: async (scene) => {
      const open: Connection[] = [];
      await again(scene, lanes, async () => {
        const connection = await Connection.open(who(scene));
        open.push(connection);
        const one = request(scene);
        const some = Buffer.concat(Array.from({ length: TOGETHER }, () => one));
        for (let sent = 0; !connection.closed && !scene.over(); ) {
          if (sent < PIPELINED && connection.push(some)) {
            sent += TOGETHER;
            scene.tally.count('sent', TOGETHER);
          } else await sleep(20);
        }
      });
      for (const connection of open) connection.close();
    },
  };
}

export const ATTACKS_OF_TIME: readonly Attack[] = [
  slow('heads that come byte by byte', asDevice, 'POST /v1/device/lookup HTTP/1.1\r\n', 'x-slow: y\r\n'),
  slow('bodies that come byte by byte', asDevice, headOf('/v1/device/lookup', 200_000), ' '),
  slow(
    'transmissions that come byte by byte',
    asSecondary,
    headOf('/v1/secondary/transmission', undefined, { type: 'application/jsonl', ...CHUNKED }),
    '1\r\n \r\n',
  ),
  endless('a body without end', asDevice, headOf('/v1/device/lookup', undefined, CHUNKED), CHUNK),
  endless(
    'a transmission without end',
    asSecondary,
    headOf('/v1/secondary/transmission', undefined, { type: 'application/jsonl', ...CHUNKED }),
    CHUNK,
  ),
  inTinyPieces('bodies in pieces of one byte', asDevice, headOf('/v1/device/lookup', undefined, CHUNKED)),
  inTinyPieces(
    'transmissions in pieces of one byte',
    asSecondary,
    headOf('/v1/secondary/transmission', undefined, { type: 'application/jsonl', ...CHUNKED }),
  ),
  endless(
    'a body without end, of a stranger',
    ({ stranger }) => stranger,
    headOf('/v1/join', undefined, CHUNKED),
    CHUNK,
  ),
  endless(
    'headers without end',
    asDevice,
    'POST /v1/device/lookup HTTP/1.1\r\n',
    Buffer.from('x-more: y\r\n'.repeat(1000)),
  ),
  endless('a path without end', asDevice, 'POST /', Buffer.alloc(16 * 1024, 'x')),
  endless(
    'a chunk whose extension has no end',
    asDevice,
    `${headOf('/v1/device/lookup', undefined, CHUNKED)}1;`,
    Buffer.alloc(16 * 1024, 'x'),
  ),
  unread('lookups whose answers nobody reads', 8, asDevice, ({ held }) =>
    requestOf('/v1/device/lookup', JSON.stringify({ id: held[0]!.id, claim: held[0]!.claim })),
  ),
  unread('pages of arrival whose answers nobody reads', 64, asDevice, ({ held }) =>
    requestOf(
      '/v1/device/arrive',
      JSON.stringify({
        keys: Array.from({ length: 100 }, (_, at) => held[at % held.length]!).map(({ id, claim }) => ({
          id,
          claim,
        })),
      }),
    ),
  ),
  unread(
    'questions of a stranger whose answers nobody reads',
    16,
    ({ stranger }) => stranger,
    () => requestOf('/v1/device/lookup', JSON.stringify(someQuestion())),
  ),
];
