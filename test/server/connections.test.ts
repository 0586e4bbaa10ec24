/**
 * Callers that send and never read, that send all at once, that open connections without end, or that never come to an
 * end: the server holds little for each, ends them, and says so in the audit log.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { before, test } from 'node:test';
import { MEMBER_CONNECTIONS_MAX } from '#domain/listener-limits.ts';
import { EXPORT_MEDIA_TYPE } from '#protocol/people/routes/transfers.ts';
import { createLocalSocket, LOCAL_ENTRANCE } from '#server/http/people/local-socket.ts';
import { createPeopleListener } from '#server/http/people/people-listener.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { eventually } from '#test/support/eventually.ts';
import { joinAs, type MadeMember, makeSomeKey } from '#test/support/machine-caller.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { rawCall, toMachines, toPeople } from '#test/support/raw-call.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

const UNREAD_MS = 300;
/** Of the socket for people: a slow reader on a busy machine still comes in time. */
const EXPORT_UNREAD_MS = 1000;
/** The buffers of both ends hold up to 10 MiB. */
const TAKEN_BYTES_MAX = 24 * 1024 * 1024;

let server: ServerInProcess;
let device: MadeMember;

before(async () => {
  const times = { requestMs: 60_000, transmissionMs: 60_000, unreadMs: UNREAD_MS };
  server = await openServer('Oslo', { heartbeats: false, times });
  device = await joinAs((await server.call('inviteDevice', {})).invitation);
});

/** Which receipts of these are missing: the answer is as long as the question, some 4 KB. */
const IDS = Array.from({ length: 100 }, () => makeSomeKey().key.id);
const QUESTION = request('/v1/device/receipts/missing', JSON.stringify({ ids: IDS }));

function request(path: string, body: string): string {
  return [
    `POST ${path} HTTP/1.1`,
    'host: localhost',
    'keystair-protocol: 1',
    'content-type: application/json',
    `content-length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

/** Why connections of this caller were ended so far. */
async function ended(caller: string): Promise<unknown[]> {
  const events = await server.events('connection-ended');
  return events.filter((event) => event['caller'] === caller).map(({ because }) => because);
}

async function closed(socket: Socket): Promise<void> {
  socket.resume();
  await new Promise<void>((resolve) => (socket.closed ? resolve() : socket.once('close', () => resolve())));
}

test('two requests that are sent together are both answered, one after the other', async () => {
  const socket = await toMachines(server.address, device.credentials);
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  socket.write(QUESTION + request('/v1/device/receipts/missing', JSON.stringify({ ids: IDS.slice(0, 1) })));
  await eventually('both answers', () => heard.split('HTTP/1.1 200').length === 3 && heard.endsWith(']}'));
  const [first, second] = heard.split('HTTP/1.1 200').slice(1);
  assert.ok(first!.includes(IDS[99]!));
  assert.ok(!second!.includes(IDS[99]!) && second!.includes(IDS[0]!));
  socket.destroy();
});

test('a device that sends requests without end at once is let go of, and counted', async () => {
  const other = await joinAs((await server.call('inviteDevice', {})).invitation);
  for (let connections = 0; connections < 3; connections += 1) {
    const socket = await toMachines(server.address, other.credentials);
    socket.pause();
    socket.write(QUESTION.repeat(500));
    await closed(socket);
  }
  // One line for all three, as for refusals.
  assert.deepEqual(await ended(`member:${other.id}`), ['requests-at-once']);
  await other.calls.call('missingReceipts', { ids: [] });
});

test('an answer that its device does not read is ended', async () => {
  const socket = await toMachines(server.address, device.credentials);
  socket.pause();
  // The next one as soon as the last was answered, so that it is answers that pile up: in the kernel, then here.
  const onRequest = (_request: IncomingMessage, response: ServerResponse): void => {
    response.once('finish', () => socket.write(QUESTION));
  };
  server.listener.on('request', onRequest);
  socket.write(QUESTION);
  const why = await eventually('the server lets it go', async () => {
    const all = await ended(`member:${device.id}`);
    return all.length > 0 && all;
  });
  server.listener.off('request', onRequest);
  assert.deepEqual(why, ['answer-unread']);
  await closed(socket);
});

test('a device has a share of the connections, and others have theirs', async () => {
  const hoarder = await joinAs((await server.call('inviteDevice', {})).invitation);
  const sockets: Socket[] = [];
  const open = async () => {
    const socket = await toMachines(server.address, hoarder.credentials);
    sockets.push(socket);
    return socket;
  };
  while (sockets.length < MEMBER_CONNECTIONS_MAX) {
    const socket = await open();
    socket.write(QUESTION);
    await once(socket, 'data');
  }
  const answer = await rawCall(await open(), QUESTION);
  assert.equal(answer?.status, 429);
  assert.equal((JSON.parse(answer.body) as { code: string }).code, 'later');
  await device.calls.call('missingReceipts', { ids: [] });
  sockets[0]!.destroy();
  await eventually(
    'there is room again',
    async () => (await rawCall(await open(), QUESTION))?.status === 200,
  );
  for (const socket of sockets) socket.destroy();
});

for (const path of ['/nowhere', '/v1/device/keys', '/v1/secondary/transmission']) {
  test(`a stranger's body that never comes is not waited for at ${path}`, async () => {
    const socket = await toMachines(server.address);
    let heard = '';
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    const head = request(path, 'x'.repeat(1000));
    socket.write(head.slice(0, -999));
    await closed(socket);
    assert.match(heard, /^HTTP\/1\.1 40[34] [^]*connection: close/i);
  });
}

test('a request line without end is answered, and little more of it is read', async () => {
  const socket = await toMachines(server.address, device.credentials);
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  socket.on('error', () => undefined);
  // It goes on when the server has said its last word.
  socket.allowHalfOpen = true;
  const block = Buffer.alloc(64 * 1024, 'x');
  socket.write('POST /');
  let taken = 0;
  while (!socket.closed && taken < TAKEN_BYTES_MAX) {
    await new Promise((resolve) => {
      socket.once('close', resolve);
      socket.write(block, resolve);
    });
    taken += block.length;
  }
  assert.ok(taken < TAKEN_BYTES_MAX, `it took ${taken} bytes`);
  assert.match(heard, /^HTTP\/1\.1 413 /);
});

test('an export that is not read any more is ended, and a slow reader of it is not', async () => {
  await server.record(...Array.from({ length: 3000 }, () => makeSomeKey()));
  const directory = temporaryFolder('unread')('data');
  mkdirSync(directory, { mode: 0o700 });
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const socket = createLocalSocket(directory, log, EXPORT_UNREAD_MS);
  await socket.serve(createPeopleListener(server.administration, LOCAL_ENTRANCE, log));
  atTheEnd(() => socket.close());
  const [recipient] = (await server.call('serverStatus', {})).recipients;
  const ask = async () => {
    const asked = { recipient: recipient! };
    const { download } = await server.call('startExport', asked);
    const reader = await toPeople(directory);
    reader.write(`GET ${download} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
    const [first] = (await once(reader, 'data')) as [Buffer];
    assert.ok(first.toString('latin1').includes(EXPORT_MEDIA_TYPE));
    return reader.pause();
  };
  const stalled = await ask();
  await eventually('the server gives up', async () =>
    (await server.events('export-ended')).some(({ outcome }) => outcome !== 'completed'),
  );
  await closed(stalled);
  const slow = await ask();
  let heard = '';
  while (!heard.endsWith('\r\n0\r\n\r\n')) {
    await new Promise((resolve) => setTimeout(resolve, EXPORT_UNREAD_MS / 30));
    heard = ((slow.read() as Buffer | null)?.toString('latin1') ?? heard).slice(-1000);
    assert.ok(!slow.destroyed);
  }
  slow.destroy();
});
