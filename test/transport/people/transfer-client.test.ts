/** What a person is told whose import lost its connection: never more than is known. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { KeystairError } from '#domain/errors.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { socketConnection } from '#transport/people/socket-connection.ts';
import { createTransferClient } from '#transport/people/transfer-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'keystair-transfer-client-'));
after(() => rmSync(folder, { recursive: true }));
let servers = 0;

const ID = '2f1c1f0e-5a0b-4c61-9d3e-6f0f7d1b2a90';
const FOUND = { new: 1, known: 0, conflicts: [], dryRun: true };

/** Answers every call of an import as a server does, but one, which does what it is told here. */
async function failureOf(
  at: 'file' | 'confirm',
  serve: (request: IncomingMessage, answer: ServerResponse, giveUp: () => void) => unknown,
  file: AsyncIterable<Uint8Array> = small(),
): Promise<string> {
  const socketPath = join(folder, `${(servers += 1)}.sock`);
  const stop = new AbortController();
  const server = createServer((request, answer) => {
    if (request.url!.endsWith(`/${at}`)) return void serve(request, answer, () => stop.abort());
    request.resume();
    const paths = { id: ID, upload: `/${ID}/file`, confirm: `/${ID}/confirm` };
    answer.end(`${JSON.stringify(request.method === 'PUT' ? FOUND : { answer: paths })}\n`);
  });
  await new Promise<void>((listening) => server.listen(socketPath, listening));
  try {
    const client = createTransferClient(socketConnection({ socketPath, dataDirectory: folder }));
    const failure = await client
      .importKeys({ dryRun: false }, file, stop.signal, () => undefined)
      .then(
        () => assert.fail('it was imported'),
        (error: unknown) => error as KeystairError,
      );
    return `${failure.code}: ${failure.sentence}`;
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
}

async function* small(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('a small file');
}

async function* stalling(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('the front');
  await new Promise(() => undefined);
}

async function readAll(request: IncomingMessage): Promise<void> {
  for await (const _ of request);
}

test('a connection that is lost while the file is sent left nothing', async () => {
  const lost = await failureOf(
    'file',
    (request) => request.once('data', () => request.socket.destroy()),
    stalling(),
  );
  assert.match(lost, REFUSED['server-not-running'].stoppedBeforeItAnswered);
  const givenUp = await failureOf('file', (request, _, giveUp) => request.once('data', giveUp), stalling());
  assert.match(givenUp, REFUSED.interrupted.notConfirmed);
});

test('one that is lost with the whole file, before it is confirmed, left nothing either', async () => {
  const lost = await failureOf('file', async (request) => {
    await readAll(request);
    request.socket.destroy();
  });
  assert.match(lost, REFUSED['server-not-running'].stoppedBeforeItAnswered);
  const givenUp = await failureOf('file', async (request, _, giveUp) => {
    await readAll(request);
    giveUp();
  });
  assert.match(givenUp, REFUSED.interrupted.notConfirmed);
});

test('one that is lost while it is confirmed leaves a doubt, and it is said so', async () => {
  const lost = await failureOf('confirm', (request) => request.socket.destroy());
  assert.match(lost, REFUSED['server-not-running'].stoppedUnknownWhether);
  const givenUp = await failureOf('confirm', (_request, _answer, giveUp) => giveUp());
  assert.match(givenUp, REFUSED.interrupted.unknownWhetherConfirmed);
});

test('one that is lost after the confirmation leaves nothing to be done', async () => {
  const lost = await failureOf('confirm', (request, answer) => {
    answer.writeHead(200).flushHeaders();
    setTimeout(() => request.socket.destroy(), 50);
  });
  assert.match(lost, REFUSED.interrupted.confirmedAndLost);
});

test('where no server is, there is nothing to doubt', async () => {
  const client = createTransferClient(
    socketConnection({ socketPath: join(folder, 'none.sock'), dataDirectory: folder }),
  );
  const { signal } = new AbortController();
  await assert.rejects(
    client.importKeys({ dryRun: false }, small(), signal, () => undefined),
    (error: KeystairError) =>
      error.code === 'server-not-running' && REFUSED['server-not-running'].noServerRuns.test(error.message),
  );
});
