/**
 * Bodies that hostile callers send: without end, without a length, in tiny pieces, or many at once. None is read further
 * than it is worth, and all of them together have a bounded room, in which honest callers find theirs.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { before, test } from 'node:test';
import { API_PREFIX } from '#protocol/people/people-route.ts';
import { PEOPLE_ROUTES } from '#protocol/people/people-routes.ts';
import { BodyRoom } from '#server/http/body-room.ts';
import { createLocalSocket, LOCAL_ENTRANCE } from '#server/http/people/local-socket.ts';
import { createPeopleListener } from '#server/http/people/people-listener.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { eventually } from '#test/support/eventually.ts';
import { joinAs, type MadeMember } from '#test/support/machine-caller.ts';
import { rawCall, toMachines, toPeople } from '#test/support/raw-call.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

const folder = temporaryFolder('bodies');
let server: ServerInProcess;
let device: MadeMember;
let directory: string;

before(async () => {
  server = await openServer('Oslo', { heartbeats: false });
  device = await newDevice();
  directory = folder('data');
  mkdirSync(directory, { mode: 0o700 });
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const socket = createLocalSocket(directory, log);
  await socket.serve(createPeopleListener(server.administration, LOCAL_ENTRANCE, log));
  atTheEnd(() => socket.close());
});

async function newDevice(): Promise<MadeMember> {
  return joinAs((await server.call('inviteDevice', {})).invitation);
}

function headOf(path: string, ...more: readonly string[]): string {
  const type = 'content-type: application/json';
  return [`POST ${path} HTTP/1.1`, 'host: localhost', 'keystair-protocol: 1', type, ...more, '', ''].join(
    '\r\n',
  );
}

const QUESTION = '/v1/device/receipts/missing';
const WITHOUT_END = 'transfer-encoding: chunked';
const BLOCK = `10000\r\n${' '.repeat(64 * 1024)}\r\n`;
// As docs/PROTOCOL.md says, so that the tests see a program without them.
const REQUEST_BYTES_MAX = 256 * 1024;
const JOIN_BYTES_MAX = 4096;
const BODY_BYTES_FREE = 16 * 1024;
const MEMBER_BODY_BYTES_MAX = 2 * 1024 * 1024;
const BODY_BYTES_MAX = 16 * 1024 * 1024;
const BODY_PIECES_MAX = 4096;
/** The buffers of both ends hold up to 10 MiB. */
const TAKEN_BYTES_MAX = 24 * 1024 * 1024;

/** Sends blocks for as long as they are taken. @returns how many bytes were. */
async function sendWithoutEnd(socket: Socket): Promise<number> {
  let taken = 0;
  while (!socket.closed && taken < TAKEN_BYTES_MAX) {
    await new Promise((resolve) => {
      socket.once('close', resolve);
      socket.write(BLOCK, resolve);
    });
    taken += BLOCK.length;
  }
  return taken;
}

test('a call of a machine that does not say how long its body is gets a refusal, and is not read', async () => {
  const socket = await toMachines(server.address, device.credentials);
  const answer = await rawCall(socket, headOf(QUESTION, WITHOUT_END));
  assert.equal(answer?.status, 400);
  assert.equal((JSON.parse(answer.body) as { code: string }).code, 'request-invalid');
  assert.equal(answer.headers.get('connection'), 'close');
});

test('a caller who wants to join may send little', async () => {
  const socket = await toMachines(server.address, (await newDevice()).credentials);
  const head = headOf('/v1/join', `content-length: ${JOIN_BYTES_MAX + 1}`);
  const answer = await rawCall(socket, head + ' '.repeat(JOIN_BYTES_MAX + 1));
  assert.equal(answer?.status, 413);
});

test('a body without end that its call does not read is not taken without end', async () => {
  const socket = await toPeople(directory);
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  socket.write(`GET /healthz HTTP/1.1\r\nhost: localhost\r\n${WITHOUT_END}\r\n\r\n`);
  const taken = await sendWithoutEnd(socket);
  assert.ok(taken < TAKEN_BYTES_MAX, `it took ${taken} bytes`);
  assert.match(heard, /^HTTP\/1\.1 200 /);
});

test('a body that its call does not read may still end, and the connection goes on', async () => {
  const socket = await toPeople(directory);
  const ask = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n';
  socket.write(`${ask}content-length: 4\r\n\r\n{`);
  await once(socket, 'data');
  socket.write('   ');
  const answer = await rawCall(socket, `${ask}\r\n`);
  assert.equal(answer?.status, 200);
});

test('a body in more pieces than any honest one is refused, and one in fewer is read', async () => {
  const path = `${API_PREFIX}${PEOPLE_ROUTES.inviteDevice.path}`;
  const inPieces = (body: string): string =>
    `${headOf(path, WITHOUT_END)}${body
      .split('')
      .map((byte) => `1\r\n${byte}\r\n`)
      .join('')}0\r\n\r\n`;
  const few = await rawCall(await toPeople(directory), inPieces('{         }'));
  assert.equal(few?.status, 200);
  const many = await rawCall(await toPeople(directory), inPieces(`{${' '.repeat(BODY_PIECES_MAX)}}`));
  assert.equal(many?.status, 413);
});

test('a device that begins bodies and does not end them has a share of the room, and others have theirs', async () => {
  const hoarder = await newDevice();
  const sockets: Socket[] = [];
  const answers: string[] = [];
  const begin = async (): Promise<void> => {
    const socket = await toMachines(server.address, hoarder.credentials);
    socket.on('data', (chunk: Buffer) => answers.push(chunk.toString()));
    sockets.push(socket);
    socket.write(headOf(QUESTION, `content-length: ${REQUEST_BYTES_MAX}`));
    socket.write(' '.repeat(REQUEST_BYTES_MAX - 1));
  };
  const each = REQUEST_BYTES_MAX - 1 - BODY_BYTES_FREE;
  const fit = Math.floor(MEMBER_BODY_BYTES_MAX / each);
  while (sockets.length <= fit) await begin();
  await eventually('one is told to come later', () => answers.length > 0);
  assert.match(answers.join(''), /^HTTP\/1\.1 429 [^]*"code":"later"/);
  await device.calls.call('missingReceipts', { ids: [] });
  // Its own small calls still find room.
  await hoarder.calls.call('missingReceipts', { ids: [] });
  for (const socket of sockets) socket.destroy();
  await eventually('there is room again', async () => {
    const socket = await toMachines(server.address, hoarder.credentials);
    const whole = `{"ids":[]}`.padEnd(REQUEST_BYTES_MAX);
    return (
      (await rawCall(socket, headOf(QUESTION, `content-length: ${whole.length}`) + whole))?.status === 200
    );
  });
});

test('bodies of all callers together have no more room than fits, and each call of a device finds some', () => {
  const room = new BodyRoom();
  const responses: ServerResponse[] = [];
  const holds = (holder: object, bytes: number): boolean => {
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    responses.push(response);
    return room.begin(holder, response)(bytes);
  };
  let held = 0;
  while (held < 2 * BODY_BYTES_MAX && holds({}, REQUEST_BYTES_MAX))
    held += REQUEST_BYTES_MAX - BODY_BYTES_FREE;
  assert.ok(held <= BODY_BYTES_MAX && held > BODY_BYTES_MAX - REQUEST_BYTES_MAX, `${held} bytes`);
  assert.equal(holds({}, REQUEST_BYTES_MAX), false);
  assert.ok(holds({}, BODY_BYTES_FREE));
  responses[0]!.emit('close');
  assert.ok(holds({}, REQUEST_BYTES_MAX));
});
