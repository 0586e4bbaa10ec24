/** Bodies as streams: back-pressure, aborts and failures reach the other end. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { ask, clientOf, listen, makeMember, openOffice, until } from './office.ts';

const office = await openOffice();
const { credentials } = await makeMember(office);
const CHUNK = Buffer.alloc(64 * 1024, 7);
const CHUNKS = 1000;

/** A body that tells how much of it was asked for, and whether it was ended. */
function produce(chunks: number) {
  const state = { produced: 0, ended: false };
  async function* body() {
    try {
      for (; state.produced < chunks; state.produced += 1) yield CHUNK;
    } finally {
      state.ended = true;
    }
  }
  return { state, body: body() };
}

/** Both ends are in this process: what stands still while the loop looks at its sockets again and again is held up. */
const STILL_TURNS = 200;

async function untilStill(count: () => number): Promise<void> {
  let last = count();
  for (let turns = 0; turns < STILL_TURNS; turns += 1) {
    await new Promise(setImmediate);
    if (count() === last) continue;
    last = count();
    turns = 0;
  }
}

test('a body is produced no faster than the server takes it, and arrives whole', async (test) => {
  let read: (() => void) | undefined;
  const { address } = await listen(test, office, {
    handler: (request, response) => {
      read = () => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => response.end(hash('sha256', Buffer.concat(chunks), 'hex')));
      };
    },
  });
  const { state, body } = produce(CHUNKS);
  const answered = ask(clientOf(test, office, address, { credentials }), {
    method: 'POST',
    body,
    timeoutMs: 30_000,
  });
  await until(() => read !== undefined && state.produced > 0);
  await untilStill(() => state.produced);
  assert.ok(
    state.produced > 0 && state.produced < CHUNKS / 2,
    `${state.produced} produced for a server that reads none`,
  );
  read!();
  assert.equal((await answered).body, hash('sha256', Buffer.alloc(CHUNK.length * CHUNKS, 7), 'hex'));
  assert.equal(state.produced, CHUNKS);
});

test('an abort ends the connection in the same turn, and the body is produced no further', async (test) => {
  let heard: IncomingMessage | undefined;
  const { address, tcp } = await listen(test, office, {
    handler: (request) => {
      heard = request;
    },
  });
  const client = clientOf(test, office, address, { credentials });
  const { state, body } = produce(CHUNKS);
  const controller = new AbortController();
  const request = assert.rejects(ask(client, { method: 'POST', body, signal: controller.signal }), {
    code: 'interrupted',
  });
  await until(() => heard !== undefined && state.produced > 0);
  await untilStill(() => state.produced);
  const before = state.produced;
  controller.abort();
  await request;
  // A server that reads none does not see the end either.
  heard!.resume();
  await until(() => state.ended && tcp.open === 0);
  assert.ok(state.produced <= before + 1);
  await assert.rejects(
    ask(client, { signal: controller.signal }),
    { code: 'interrupted' },
    'aborted before it began',
  );
  assert.equal(tcp.made, 1);
});

test('an abort while the answer is read reaches its reader', async (test) => {
  const { address } = await listen(test, office, { handler: (_, response) => response.write(CHUNK) });
  const client = clientOf(test, office, address, { credentials });
  const controller = new AbortController();
  const options = { method: 'GET', path: '/', timeoutMs: 5000, signal: controller.signal };
  const whole = await client.request(options);
  const reading = assert.rejects(whole.body(), { code: 'interrupted' });
  const streamed = await client.request(options);
  const streaming = assert.rejects(
    async () => {
      for await (const _ of streamed.stream) controller.abort();
    },
    { code: 'interrupted' },
  );
  await Promise.all([reading, streaming]);
});

test('a body that fails while it is produced fails the request with its own error', async (test) => {
  const { address, tcp } = await listen(test, office, { handler: (request) => request.resume() });
  async function* broken() {
    yield CHUNK;
    throw new Error('the disk is gone');
  }
  const client = clientOf(test, office, address, { credentials });
  await assert.rejects(ask(client, { method: 'POST', body: broken() }), { message: 'the disk is gone' });
  await until(() => tcp.open === 0);
});

test('a refusal before the end of a body is heard, and the rest is not sent', async (test) => {
  const { address, connections } = await listen(test, office, {
    handler: (request, response) => {
      request.pause();
      response.writeHead(413);
      response.end('too much');
    },
  });
  const client = clientOf(test, office, address, { credentials });
  const { state, body } = produce(CHUNKS);
  const { response, body: text } = await ask(client, { method: 'POST', body });
  assert.equal(response.status, 413);
  assert.equal(text, 'too much');
  await until(() => state.ended);
  assert.ok(state.produced < CHUNKS);
  await ask(client, { method: 'POST', body: 'short' });
  assert.equal(connections.length, 2, 'a connection with half a request in it is not used again');
});

test('a body that never ends holds no connection after it was refused', async (test) => {
  const { address, tcp } = await listen(test, office, {
    handler: (request, response) => {
      request.resume();
      response.end('no');
    },
  });
  async function* endless() {
    yield CHUNK;
    await new Promise(() => undefined);
  }
  const client = clientOf(test, office, address, { credentials });
  assert.equal((await ask(client, { method: 'POST', body: endless(), timeoutMs: 60_000 })).body, 'no');
  await until(() => tcp.open === 0);
});

test('a refusal is heard even where the server closes the connection under a large body', async (test) => {
  const { address } = await listen(test, office, {
    handler: (_, response) => response.writeHead(403, { connection: 'close' }).end('no'),
  });
  const client = clientOf(test, office, address, { credentials });
  for (const body of [Buffer.alloc(CHUNK.length * CHUNKS), produce(CHUNKS).body]) {
    const { response, body: text } = await ask(client, { method: 'POST', body });
    assert.equal(response.status, 403);
    assert.equal(text, 'no');
  }
});

test('a body is not begun before there is a server to take it', async (test) => {
  const { state, body } = produce(3);
  const other = await openOffice();
  const { address } = await listen(test, other);
  await assert.rejects(ask(clientOf(test, office, address, { credentials }), { method: 'POST', body }), {
    code: 'untrusted-server',
  });
  assert.equal(state.produced, 0);
});

test('a server that announces an answer again and again is given up before it has one', async (test) => {
  const { address, tcp } = await listen(test, office, {
    handler: (_, response) => {
      let announced = 0;
      const announce = (): void => {
        announced += 1;
        if (announced > 10_000) response.end('late');
        else response.writeProcessing(() => setImmediate(announce));
      };
      announce();
    },
  });
  const client = clientOf(test, office, address, { credentials });
  await assert.rejects(ask(client, { timeoutMs: 60_000 }), { code: 'server-unreachable' });
  await until(() => tcp.open === 0);
});

test('an answer can be read as a stream', async (test) => {
  const { address } = await listen(test, office, {
    handler: (_, response) => {
      for (let count = 0; count < 20; count += 1) response.write(CHUNK);
      response.end();
    },
  });
  const client = clientOf(test, office, address, { credentials });
  const { stream } = await client.request({ method: 'GET', path: '/', timeoutMs: 5000 });
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) bytes += chunk.length;
  assert.equal(bytes, CHUNK.length * 20);
});
