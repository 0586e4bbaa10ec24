/** How a hostile primary answers: with what is huge, deep, slow, endless, contradictory, or no answer at all. */
import { setTimeout as sleep } from 'node:timers/promises';
import { randomBytes, randomUUID } from 'node:crypto';
import { type Manner, sendJson, type Told } from './hostile-primary.ts';
import { makeRecord } from './record.ts';

/** What a secondary holds of an answer at most. */
const ANSWER_BYTES = 2 * 1024 * 1024 - 2048;
const A_BYTE_EACH_MS = 5;
const BLOCK = 'x'.repeat(16 * 1024);
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nkeystair-protocol: 1\r\n';

const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)]!;
const listOf = (part: string, bytes = ANSWER_BYTES): string =>
  `[${`${part},`.repeat(Math.floor(bytes / (part.length + 1)) - 1)}${part}]`;
const nested = (open: string, close: string): string => {
  const times = Math.floor(ANSWER_BYTES / (open.length + close.length)) - 1;
  return `${open.repeat(times)}0${close.repeat(times)}`;
};

/** The honest answer with one field put in as text. */
function withField({ honest }: Told, field: string, text: string): string {
  return JSON.stringify({ ...honest, [field]: 'HERE' }).replace('"HERE"', text);
}

const NUMBERS = listOf('0');
const OBJECTS = listOf('{}');
const DEEP = [nested('[', ']'), nested('{"a":', '}'), nested('{"secondaries":[', ']}')];
/** Every list that an answer has. */
const LISTS = ['addresses', 'refused', 'asked', 'path', 'keys', 'notGiven'];
const WELL_FORMED = listOf(`{"id":"${randomUUID()}","name":"asked"}`);
const REFUSED = listOf('{"seq":1,"id":"","reason":"x"}');
const DIALLED_FOR_EVER = listOf('"127.0.0.1:1"');

function inEveryList(list: string): Manner {
  return (told) => {
    const fields = Object.fromEntries(LISTS.map((field) => [field, `HERE ${field}`]));
    const field = pick(LISTS.filter((name) => name === 'addresses' || name in told.honest));
    // One of them is as long as an answer may be; the others are short.
    let text = JSON.stringify({ ...told.honest, ...fields });
    for (const name of LISTS)
      text = text.replace(
        `"HERE ${name}"`,
        name === field ? list : list.slice(0, 3) === '[0,' ? '[0]' : '[{}]',
      );
    sendJson(told.response, text);
  };
}

/** Raw bytes on the line, for as long as anybody takes them. */
async function endless({ request }: Told, front: string, block: string): Promise<void> {
  const { socket } = request;
  socket.write(front);
  while (!socket.destroyed) {
    if (socket.write(block)) await sleep(1);
    else await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), sleep(100)]);
  }
}

async function slowly({ request }: Told, text: string): Promise<void> {
  for (const byte of text) {
    if (request.socket.destroyed) return;
    request.socket.write(byte);
    await sleep(A_BYTE_EACH_MS);
  }
}

export const MANNERS: Readonly<Record<string, Manner>> = {
  'lists of a million numbers': inEveryList(NUMBERS),
  'lists of hundreds of thousands of {}': inEveryList(OBJECTS),
  'JSON nested as deep as an answer is long': ({ response }) => sendJson(response, pick(DEEP)),
  'an unknown field as deep as an answer is long': (told) =>
    sendJson(told.response, withField(told, 'unknown', pick(DEEP))),
  'tens of thousands of servers that were asked': (told) =>
    sendJson(told.response, withField(told, 'asked', WELL_FORMED)),
  'tens of thousands of refusals': (told) => sendJson(told.response, withField(told, 'refused', REFUSED)),
  'answers that come byte by byte': (told) =>
    slowly(told, `${HEAD}content-length: 100000\r\n\r\n${' '.repeat(100_000)}`),
  'heads that come byte by byte': (told) => slowly(told, `${HEAD}x-slow: ${'y'.repeat(8000)}\r\n\r\n{}`),
  'answers without end': (told) =>
    endless(told, `${HEAD}transfer-encoding: chunked\r\n\r\n`, `4000\r\n${BLOCK}\r\n`),
  'headers without end': (told) => endless(told, HEAD, `x-more: ${'y'.repeat(1000)}\r\n`),
  'interim answers without end': (told) =>
    endless(told, '', 'HTTP/1.1 103 Early Hints\r\nlink: <x>; rel=preload\r\n\r\n'.repeat(50)),
  'answers that nobody asked for': (told) =>
    endless(told, '', `${HEAD}content-length: 2\r\n\r\n{}`.repeat(50)),
  'no answer at all': () => undefined,
  'connections that break in the middle': ({ request, honest }) => {
    request.socket.write(`${HEAD}content-length: 100000\r\n\r\n${JSON.stringify(honest)}`);
    request.socket.end();
  },
  'problems of two megabytes, with control characters': ({ response }) => {
    const detail = '\u001b[2J\u202e\u0007'.repeat(100_000).slice(0, 300_000);
    const problem = {
      code: pick(['internal', 'later', 'not-a-member', 'x', detail]),
      detail,
      nextStep: detail,
    };
    sendJson(response, JSON.stringify(problem), pick([400, 403, 404, 426, 429, 500, 503]));
  },
  'statuses that are none': ({ request }) => {
    const status = pick([101, 199, 204, 205, 301, 304, 407, 418, 600, 999]);
    request.socket.write(
      `HTTP/1.1 ${status} Odd\r\nlocation: https://127.0.0.1:1/\r\ncontent-length: 2\r\n\r\n{}`,
    );
  },
  'cursors at random, and the tree wanted each time': ({ response, honest }) => {
    const chain = randomBytes(32).toString('hex');
    const acknowledged = { seq: pick([0, 1, 7, 9_007_199_254_740_991]), chain };
    sendJson(response, JSON.stringify({ ...honest, acknowledged, wantTree: true, copies: true }));
  },
  'every batch discontinuous': ({ response, honest }) =>
    sendJson(response, JSON.stringify({ ...honest, outcome: pick(['discontinuous', 'closed']) })),
  'later, in a thousand years': ({ response, honest }) =>
    sendJson(response, JSON.stringify({ ...honest, outcome: 'later', waitMs: 9_007_199_254_740_991 })),
  'options and names that change with every answer': ({ response, honest }) =>
    sendJson(
      response,
      JSON.stringify({
        ...honest,
        name: `\u001b[31m${Math.random()}`,
        useHierarchy: Math.random() < 0.5,
        dmz: Math.random() < 0.2,
      }),
    ),
  'other keys than were asked for': ({ response, honest }) => {
    const device = { id: randomUUID(), name: 'x' };
    const { record } = makeRecord({ device, origin: randomUUID(), materialBytes: 4096 });
    const source = { id: randomUUID(), name: 'x' };
    sendJson(response, JSON.stringify({ ...honest, outcome: 'found', complete: record, source }));
  },
  // The last, since what it says is kept: the secondary may not find back to this primary.
  'addresses by the ten thousand': (told) =>
    sendJson(told.response, withField(told, 'addresses', DIALLED_FOR_EVER)),
};
