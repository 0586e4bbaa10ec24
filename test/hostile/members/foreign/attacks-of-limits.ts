/** One more of each than docs/PROTOCOL.md allows, and right otherwise: what is refused, and as what. */
import { randomUUID } from 'node:crypto';
import { type Attack, asDevice, asSecondary, type Scene } from './attack.ts';
import { type Answer, Connection, headOf, type Line } from './connection.ts';
import { heartbeatOf } from './heartbeats.ts';
import { once } from './member.ts';
import { batchOf, makeRecord, newEpoch, someQuestion, START } from './record.ts';

const REQUEST_BYTES = 262_144;
const REQUEST_VALUES = 4000;
const MESSAGE_DEPTH = 8;
const TREE_VALUES = 20_000;
const TREE_DEPTH = 2000;
const TREE_PROBLEM_LENGTH = 1000;
const DEVICE_PAGE = 100;
const STANZAS = 64;
const NAME_LENGTH = 255;
const RECEIPT_LENGTH = 24_576;
const MATERIAL_BYTES = 4096;
const HEAD_BYTES = 16_384;
const ASKED_SERVERS = 64;
const LOOKUP_DEPTH = 16;
const DEADLINE_MS = 60_000;
const RECOVERY_PAGE_KEYS = 500;
const BATCH_BYTES = 8_388_608;
const LINE_BYTES = 65_536;
const BATCH_KEYS = 2000;
const KEY_VALUES = 128;
const EPOCHS_KEPT = 16;
/** However busy the machine is, an answer comes before that. */
const ANSWER_MS = 20_000;

const LINES = 'application/jsonl';
const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);
const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
/** Put into a JSON object as its last field. */
const withText = (json: string, field: string, text: string): string =>
  `${json.slice(0, -1)},"${field}":${text}}`;
const questions = (count: number) => Array.from({ length: count }, someQuestion);
const servers = (count: number) => Array.from({ length: count }, () => ({ id: randomUUID(), name: 'asked' }));

interface Probe {
  /** What there is one more of, and what PROTOCOL calls the limit. */
  readonly limit: string;
  readonly path: string;
  readonly body: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The code of the problem; of a lookup, the reason. */
  readonly refusedAs: string;
}

const LOOKUP = (): string => JSON.stringify(someQuestion());
const MANY = 'request-too-large';
const ILL = 'request-invalid';

function probesOfDevice({ device, own }: Scene): readonly Probe[] {
  const origin = device.server.id;
  const ofKey = (record: object) => ({ path: '/v1/device/keys', body: JSON.stringify({ complete: record }) });
  const { record } = makeRecord({ device, origin, materialBytes: MATERIAL_BYTES + 1 });
  // Written with an escape each, six bytes.
  const escaped = '\u0001'.repeat(NAME_LENGTH);
  const wide = makeRecord({
    device: { id: device.id, name: escaped },
    origin,
    locator: { label: escaped, luksUuid: escaped, recoveryId: escaped, serial: escaped },
    algorithm: escaped,
  }).record;
  return [
    {
      limit: 'REQUEST_BYTES_MAX',
      path: '/v1/device/lookup',
      body: LOOKUP().padEnd(REQUEST_BYTES + 1),
      refusedAs: MANY,
    },
    {
      limit: 'REQUEST_VALUES_MAX',
      path: '/v1/device/lookup',
      body: withText(LOOKUP(), 'more', JSON.stringify(zeros(REQUEST_VALUES))),
      refusedAs: MANY,
    },
    {
      limit: 'MESSAGE_DEPTH_MAX',
      path: '/v1/device/lookup',
      body: withText(LOOKUP(), 'more', deep(MESSAGE_DEPTH)),
      refusedAs: MANY,
    },
    {
      limit: 'REQUEST_HEAD_BYTES_MAX',
      path: '/v1/device/lookup',
      body: LOOKUP(),
      headers: { 'x-more': 'y'.repeat(HEAD_BYTES + 1) },
      refusedAs: MANY,
    },
    {
      limit: 'DEVICE_PAGE_MAX',
      path: '/v1/device/receipts/missing',
      body: JSON.stringify({ ids: questions(DEVICE_PAGE + 1).map(({ id }) => id) }),
      refusedAs: ILL,
    },
    {
      limit: 'UNWRAP_STANZAS_MAX',
      path: '/v1/device/unwrap',
      body: JSON.stringify({
        ...someQuestion(),
        stanzas: Array.from({ length: STANZAS + 1 }, () => ({ args: ['X25519'], body: '' })),
      }),
      refusedAs: ILL,
    },
    {
      limit: 'NAME_LENGTH_MAX',
      path: '/v1/device/heartbeat',
      body: JSON.stringify({
        name: 'n'.repeat(NAME_LENGTH + 1),
        receipts: { count: 0, digest: '0'.repeat(64) },
      }),
      refusedAs: ILL,
    },
    {
      limit: 'RECEIPT_LENGTH_MAX',
      path: '/v1/device/receipts',
      body: JSON.stringify({ receipts: [{ id: own.id, receipt: 'A'.repeat(RECEIPT_LENGTH + 4) }] }),
      refusedAs: ILL,
    },
    { limit: 'KEY_MATERIAL_BYTES_MAX', ...ofKey(record), refusedAs: 'record-invalid' },
    { limit: 'KEY_FIELDS_BYTES_MAX', ...ofKey(wide), refusedAs: 'record-invalid' },
  ];
}

function probesOfSecondary({ secondary }: Scene): readonly Probe[] {
  const heartbeat = { path: '/v1/secondary/heartbeat' };
  const ask = (more: object): string =>
    JSON.stringify({ ...someQuestion(), asked: [], remainingMs: DEADLINE_MS, ...more });
  const told = {
    id: randomUUID(),
    name: 'told',
    useHierarchy: true,
    dmz: false,
    waiting: 0,
    lastHeartbeatAt: null,
    problem: 'p'.repeat(TREE_PROBLEM_LENGTH + 1),
    secondaries: [],
  };
  const transmission = { path: '/v1/secondary/transmission', type: LINES };
  const begin = JSON.stringify({ epoch: newEpoch(), ...START });
  const line = (more = ''): string => {
    const unreadable = { key: { id: someQuestion().id }, digest: '0'.repeat(64), unreadable: true };
    return `${JSON.stringify(unreadable).slice(0, -1)}${more}}`;
  };
  const batch = (lines: readonly string[]): string =>
    `${[begin, ...lines, JSON.stringify({ end: START })].join('\n')}\n`;
  const longLine = line(`,"more":"${'x'.repeat(LINE_BYTES - 1000)}"`);
  const { lines } = batchOf(newEpoch(), START, [makeRecord({ device: secondary, origin: secondary.id })]);
  return [
    {
      limit: 'TREE_VALUES_MAX',
      ...heartbeat,
      body: withText(heartbeatOf(), 'more', JSON.stringify(zeros(TREE_VALUES))),
      refusedAs: MANY,
    },
    {
      limit: 'TREE_DEPTH_MAX',
      ...heartbeat,
      body: withText(heartbeatOf(), 'more', deep(TREE_DEPTH)),
      refusedAs: MANY,
    },
    {
      limit: 'TREE_PROBLEM_LENGTH_MAX',
      ...heartbeat,
      body: heartbeatOf({ tree: [told] }),
      refusedAs: ILL,
    },
    {
      limit: 'ASKED_SERVERS_MAX',
      path: '/v1/secondary/lookup',
      body: ask({ asked: servers(ASKED_SERVERS + 1) }),
      refusedAs: ILL,
    },
    {
      limit: 'LOOKUP_DEPTH_MAX',
      path: '/v1/secondary/lookup',
      body: ask({ asked: servers(LOOKUP_DEPTH) }),
      refusedAs: 'too-deep',
    },
    {
      limit: 'LOOKUP_DEADLINE_MS_MAX',
      path: '/v1/secondary/lookup',
      body: ask({ remainingMs: DEADLINE_MS + 1 }),
      refusedAs: ILL,
    },
    {
      limit: 'RECOVERY_PAGE_KEYS',
      path: '/v1/secondary/recovery/keys',
      body: JSON.stringify({ ids: questions(RECOVERY_PAGE_KEYS + 1).map(({ id }) => id) }),
      refusedAs: ILL,
    },
    {
      limit: 'TRANSMISSION_BYTES_MAX',
      ...transmission,
      body: batch(Array.from({ length: Math.ceil(BATCH_BYTES / longLine.length) }, () => longLine)),
      headers: { 'transfer-encoding': 'chunked' },
      refusedAs: MANY,
    },
    {
      limit: 'TRANSMISSION_LINE_BYTES_MAX',
      ...transmission,
      body: batch([line(`,"more":"${'x'.repeat(LINE_BYTES)}"`)]),
      refusedAs: MANY,
    },
    {
      limit: 'TRANSMISSION_KEYS_MAX',
      ...transmission,
      body: batch(Array.from({ length: BATCH_KEYS + 1 }, () => line())),
      refusedAs: MANY,
    },
    {
      limit: 'KEY_VALUES_MAX',
      ...transmission,
      body: `${[lines[0], withText(lines[1]!, 'more', JSON.stringify(zeros(KEY_VALUES))), lines[2]].join('\n')}\n`,
      refusedAs: 'batch-incomplete',
    },
  ];
}

/** The problem's code, the reason of a lookup that was refused, or what else came of it. */
function outcomeOf(answer: Answer | undefined): string {
  if (answer === undefined) return 'closed';
  const { code, reason, outcome } = JSON.parse(String(answer.body)) as Readonly<Record<string, string>>;
  return code ?? reason ?? outcome ?? String(answer.status);
}

/** Over a connection of its own: the refusal may end it. */
async function probe(line: Line, { path, body, type, headers }: Probe): Promise<Answer | undefined> {
  const connection = await Connection.open(line);
  const late = setTimeout(() => connection.close(), ANSWER_MS);
  try {
    const how = { ...(type === undefined ? {} : { type }), ...(headers === undefined ? {} : { headers }) };
    if (headers?.['transfer-encoding'] === undefined) return await connection.ask(path, body, how);
    // What is not read any more is not written any more.
    const answer = connection.next();
    await connection.write(headOf(path, undefined, how));
    for (let at = 0; at < body.length && !connection.closed; at += LINE_BYTES) {
      const block = body.slice(at, at + LINE_BYTES);
      await connection.write(`${block.length.toString(16)}\r\n${block}\r\n`).catch(() => undefined);
    }
    await connection.write('0\r\n\r\n').catch(() => undefined);
    return await answer;
  } finally {
    clearTimeout(late);
    connection.close();
  }
}

function probing(
  name: string,
  who: (scene: Scene) => Line,
  probes: (scene: Scene) => readonly Probe[],
  first: (scene: Scene) => Promise<unknown> = async () => undefined,
): Attack {
  return {
    name,
    run: async (scene) => {
      await first(scene);
      for (const one of probes(scene)) {
        const answer = await probe(who(scene), one);
        scene.tally.answered(answer);
        const outcome = outcomeOf(answer);
        // A connection that ends before its answer was read refuses, too.
        if (outcome === one.refusedAs || outcome === 'closed') continue;
        scene.tally.wrong(`one over ${one.limit} is answered ${outcome}, not ${one.refusedAs}`);
      }
    },
  };
}

/** The first of its epochs is forgotten by then, and heard as a new one: no copy is told of. */
const EPOCHS: Attack = {
  name: 'an epoch again, after as many others as are remembered',
  run: async ({ secondary, tally }) => {
    const connection = await Connection.open(secondary.line);
    const epochs = Array.from({ length: EPOCHS_KEPT + 1 }, newEpoch);
    let answer: Answer | undefined;
    for (const epoch of [...epochs, epochs[0]!]) {
      answer = await connection.ask('/v1/secondary/heartbeat', heartbeatOf({ epoch }));
      tally.answered(answer);
    }
    connection.close();
    const { copies = false } = JSON.parse(String(answer?.body)) as { copies?: boolean };
    if (copies) tally.wrong('an epoch is remembered beyond EPOCHS_KEPT_MAX others');
  },
};

export const ATTACKS_OF_LIMITS: readonly Attack[] = [
  probing('one more of each than a device may send', asDevice, probesOfDevice),
  // Nothing crosses a link whose option was never reported.
  probing('one more of each than a secondary may send', asSecondary, probesOfSecondary, ({ secondary }) =>
    once(secondary.line, '/v1/secondary/heartbeat', heartbeatOf()),
  ),
  EPOCHS,
];
