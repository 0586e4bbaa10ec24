/** Unknown paths, requests that are none, and more connections than anybody needs. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { again, type Attack, asDevice, overKept, type Scene } from './attack.ts';
import { Connection, headOf, requestOf } from './connection.ts';
import { HALF_A_HELLO } from './lingering.ts';

const CONNECTIONS = 400;

/** Each is one request, or something that only begins like one. */
const ODD_REQUESTS: readonly (string | Uint8Array)[] = [
  requestOf('/', ''),
  requestOf('/v1', '{}'),
  requestOf('/v1/device/lookup/../../../etc/passwd', '{}'),
  requestOf('/v1/device/%00%ff%2e%2e', '{}'),
  requestOf('/%', '{}'),
  requestOf(`/${'x'.repeat(8000)}`, '{}'),
  requestOf('/v1/device/lookup?a=b#c', '{}'),
  requestOf('/v1/device/none', Buffer.alloc(200_000, 'x')),
  requestOf('/v1/device/lookup', '{}', { type: 'text/xml' }),
  requestOf('/v1/device/lookup', '{}', { type: 'application/json; charset=utf-7' }),
  requestOf('/v1/device/lookup', '{}', { headers: { 'keystair-protocol': '999999999999999999999' } }),
  requestOf('/v1/device/lookup', '{}', { headers: { 'content-encoding': 'gzip' } }),
  requestOf('/v1/device/lookup', '{}', { headers: { expect: 'the-impossible' } }),
  requestOf('/v1/device/lookup', '{}', { headers: { upgrade: 'h2c', connection: 'upgrade' } }),
  requestOf('/v1/device/lookup', '{}', { method: 'GET' }),
  requestOf('/v1/device/lookup', '{}', { method: 'OPTIONS' }),
  requestOf('/v1/device/lookup', '{}', { method: 'TRACE' }),
  requestOf('/v1/device/lookup', '{}', { method: 'BREW' }),
  'CONNECT 127.0.0.1:22 HTTP/1.1\r\nhost: x\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n',
  'GET / HTTP/1.0\r\n\r\n',
  'GET /\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'POST /v1/device/lookup HTTP/1.1\r\n\r\n',
  `${headOf('/v1/device/lookup', 2, { headers: { 'transfer-encoding': 'chunked' } })}{}`,
  headOf('/v1/device/lookup', -1),
  headOf('/v1/device/lookup', undefined, { headers: { 'content-length': '1, 2' } }),
  headOf('/v1/secondary/transmission', 1e15, { type: 'application/jsonl' }),
  `${headOf('/v1/device/lookup', undefined, { headers: { 'transfer-encoding': 'chunked' } })}zz\r\n`,
  `${headOf('/v1/device/lookup', undefined, { headers: { 'transfer-encoding': 'chunked' } })}ffffffffffffffff\r\n`,
  Buffer.from([0, 1, 2, 255, 254, 13, 10, 13, 10]),
];

/** Their answer, or that the connection was closed; none of the two is waited for long. */
const ANSWER_MS = 300;

function oddRequests(name: string, who: (scene: Scene) => Parameters<typeof Connection.open>[0]): Attack {
  let next = 0;
  return {
    name,
    run: (scene) =>
      again(scene, 16, async () => {
        const connection = await Connection.open(who(scene));
        try {
          next += 1;
          await connection.write(ODD_REQUESTS[next % ODD_REQUESTS.length]!);
          const late = sleep(ANSWER_MS, 'late' as const);
          const answer = await Promise.race([connection.next(), late]);
          if (answer === 'late') scene.tally.count('late');
          else scene.tally.answered(answer);
        } finally {
          connection.close();
        }
      }),
  };
}

/** Open and idle, up to a number, for as long as it goes on. */
function manyOpen(name: string, open: (scene: Scene) => Promise<{ readonly close: () => void }>): Attack {
  return {
    name,
    run: async (scene) => {
      const all: { readonly close: () => void }[] = [];
      await again(scene, 20, async () => {
        if (all.length >= CONNECTIONS) return sleep(50);
        all.push(await open(scene));
        scene.tally.count('opened');
      });
      for (const one of all) one.close();
    },
  };
}

function halfHello({ device }: Scene): Promise<{ readonly close: () => void }> {
  const [host, port] = device.line.address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect({ host: host!, port: Number(port) }, () => {
      socket.write(HALF_A_HELLO);
      resolve({ close: () => socket.destroy() });
    });
    socket.on('error', reject);
  });
}

export const ATTACKS_OF_STRANGERS: readonly Attack[] = [
  oddRequests('requests that are none, of a device', asDevice),
  oddRequests('requests that are none, of a stranger', ({ stranger }) => stranger),
  manyOpen('hundreds of connections without a word', ({ device }) => Connection.open(device.line)),
  manyOpen('hundreds of handshakes that stop half-way', halfHello),
  {
    name: 'connections made and dropped without pause',
    run: (scene) =>
      again(scene, 16, async () => {
        const connection = await Connection.open(scene.stranger);
        scene.tally.count('opened');
        connection.close();
      }),
  },
  {
    name: 'unknown paths with a body each, over kept connections',
    run: (scene) =>
      overKept(scene, scene.device.line, 16, async (connection) => {
        scene.tally.answered(await connection.ask(`/v1/${Math.random()}`, Buffer.alloc(100_000, 'x')));
      }),
  },
];
