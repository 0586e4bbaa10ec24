/** What is well-formed and huge, and what is malformed and deep: bodies that are whole, and sent at once. */
import { randomUUID } from 'node:crypto';
import { type Attack, asDevice, asking, asSecondary, overKept } from './attack.ts';
import { heartbeatOf } from './heartbeats.ts';
import { batchOf, makeRecord, newEpoch, someQuestion, START } from './record.ts';

/** What a body may have that is no transmission. */
const REQUEST_BYTES = 262_144;
const BATCH_BYTES = 8_388_608;
/** Keys at their limit that fit a batch: each line has some 6,300 bytes. */
const BATCH_KEYS = 1300;
const MANY = 80_000;
const DEEP = 500;
/** More than are kept, and about as many as a heartbeat has room for. */
const WIDE = 1300;

/** So much of it as fits. */
function filled(front: string, part: string, back: string): string {
  const times = Math.floor((REQUEST_BYTES - front.length - back.length) / (part.length + 1));
  return `${front}${Array.from({ length: times }, () => part).join(',')}${back}`;
}

const nested = (open: string, inner: string, close: string, times: number): string =>
  `${open.repeat(times)}${inner}${close.repeat(times)}`;

/** A server as it is told of, without what is below it. */
function serverTold(name = 'told'): string {
  return `"id":"${randomUUID()}","name":"${name}","useHierarchy":true,"dmz":false,"waiting":0,"lastHeartbeatAt":null,"problem":null`;
}

const withTree = (tree: string): string => heartbeatOf({ tree: 'TREE' }).replace('"TREE"', tree);

/** Each body once a round; all of them are wrong in a field that is a list. */
const LISTS = [
  ['/v1/device/receipts/missing', filled('{"ids":[', '0', ']}')],
  ['/v1/device/receipts', filled('{"receipts":[', '{}', ']}')],
  ['/v1/device/arrive', filled('{"keys":[', '{}', ']}')],
  [
    '/v1/device/unwrap',
    filled(`{"id":"${randomUUID()}","claim":"AQEBAQEBAQEBAQEBAQEBAQ","stanzas":[`, '{}', ']}'),
  ],
] as const;
const LISTS_OF_SECONDARIES = [
  ['/v1/secondary/lookup', filled('{"asked":[', '{}', ']}')],
  ['/v1/secondary/explain', filled('{"asked":[', '0', ']}')],
  ['/v1/secondary/recovery/keys', filled('{"ids":[', '0', ']}')],
] as const;
const DEEP_BODIES = [
  nested('[', '', ']', REQUEST_BYTES / 2),
  nested('{"a":', '0', '}', REQUEST_BYTES / 8),
  nested('{"key":', '{}', '}', REQUEST_BYTES / 10),
  `{"complete":${nested('[', '', ']', REQUEST_BYTES / 2 - 10)}}`,
];
const DEVICE_PATHS = ['heartbeat', 'keys', 'lookup', 'unwrap', 'arrive', 'moved'];
const ODD_TEXTS = [
  Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
  '{"id":"\\ud800","claim":"\\u0000"}',
  '{"__proto__":{"id":"x"},"constructor":{"prototype":{}},"id":1e999}',
  '\ufeff{}',
  `{"id":${'9'.repeat(200_000)}}`,
  '',
  'null',
  '"text"',
  `"${'x'.repeat(REQUEST_BYTES - 2)}"`,
];

const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)]!;

export const ATTACKS_OF_FORM: readonly Attack[] = [
  asking('a tree nested 500 deep, its fields missing', asSecondary, 4, () => ({
    path: '/v1/secondary/heartbeat',
    body: withTree(`[${nested('{"secondaries":[', '', ']}', DEEP)}]`),
  })),
  asking('a tree of 80,000 times {}', asSecondary, 2, () => ({
    path: '/v1/secondary/heartbeat',
    body: withTree(`[${Array.from({ length: MANY }, () => '{}').join(',')}]`),
  })),
  asking('a tree as deep as fits, its fields right', asSecondary, 2, () => ({
    path: '/v1/secondary/heartbeat',
    body: withTree(`[${nested(`{${serverTold()},"secondaries":[`, '', ']}', 1400)}]`),
  })),
  asking('a tree as wide as fits, another each time', asSecondary, 2, () => ({
    path: '/v1/secondary/heartbeat',
    body: withTree(`[${Array.from({ length: WIDE }, () => `{${serverTold()},"secondaries":[]}`).join(',')}]`),
  })),
  asking('lists of devices with tens of thousands of wrong entries', asDevice, 4, () => {
    const [path, body] = pick(LISTS);
    return { path, body };
  }),
  asking('lists of secondaries with tens of thousands of wrong entries', asSecondary, 4, () => {
    const [path, body] = pick(LISTS_OF_SECONDARIES);
    return { path, body };
  }),
  asking('JSON nested as deep as a request is long', asDevice, 8, () => ({
    path: `/v1/device/${pick(DEVICE_PATHS)}`,
    body: pick(DEEP_BODIES),
  })),
  asking('texts that are no text, and numbers that are no number', asDevice, 8, () => ({
    path: `/v1/device/${pick(DEVICE_PATHS)}`,
    body: pick(ODD_TEXTS),
  })),
  asking('64 stanzas as large as they may be', asDevice, 8, ({ held }) => ({
    path: '/v1/device/unwrap',
    body: JSON.stringify({
      id: held[0]!.id,
      claim: held[0]!.claim,
      stanzas: Array.from({ length: 64 }, () => ({
        args: ['X25519', 'x'.repeat(400)],
        body: 'AA'.repeat(1600),
      })),
    }),
  })),
  asking('a hundred keys that nobody has, to arrive with', asDevice, 8, () => ({
    path: '/v1/device/arrive',
    body: JSON.stringify({ keys: Array.from({ length: 100 }, someQuestion) }),
  })),
  asking('receipts by the hundred that nobody gave', asDevice, 8, () => ({
    path: '/v1/device/receipts',
    body: JSON.stringify({
      receipts: Array.from({ length: 100 }, () => ({ id: someQuestion().id, receipt: 'AQ'.repeat(1200) })),
    }),
  })),
  asking('new keys at their limit, as fast as they are taken', asDevice, 8, ({ device }) => ({
    path: '/v1/device/keys',
    body: JSON.stringify({
      complete: makeRecord({ device, origin: device.server.id, materialBytes: 4096 }).record,
    }),
  })),
  {
    name: 'batches as large as they may be, of keys at their limit, one behind the other',
    run: async (scene) => {
      const { secondary } = scene;
      const epoch = newEpoch();
      let from = START;
      await overKept(scene, secondary.line, 1, async (connection) => {
        if (from === START) await connection.ask('/v1/secondary/heartbeat', heartbeatOf({ epoch }));
        const keys = Array.from({ length: BATCH_KEYS }, () =>
          makeRecord({ device: secondary, origin: secondary.id, materialBytes: 4096 }),
        );
        const { lines, end } = batchOf(epoch, from, keys);
        const how = { type: 'application/jsonl' };
        const answer = await connection.ask('/v1/secondary/transmission', `${lines.join('\n')}\n`, how);
        if (answer?.status === 200) from = end;
        scene.tally.answered(answer);
      });
    },
  },
  asking('transmissions of millions of empty lines, of {} and of deep ones', asSecondary, 2, () => ({
    path: '/v1/secondary/transmission',
    type: 'application/jsonl',
    body: pick([
      Buffer.alloc(BATCH_BYTES, '\n'),
      Buffer.alloc(BATCH_BYTES - 1_000_000, '{}\n'),
      `${JSON.stringify({ epoch: newEpoch(), ...START })}\n${`${nested('[', '', ']', 30_000)}\n`.repeat(200)}`,
      `${JSON.stringify({ epoch: newEpoch(), ...START })}\n${`{"key":{"id":${nested('[', '', ']', 30_000)}}}\n`.repeat(200)}`,
      Buffer.alloc(BATCH_BYTES, 'x'),
    ]),
  })),
];
