/** What a command takes from whatever serves the socket of a data directory: no more than an answer may have. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PEOPLE_ANSWER_BYTES_MAX } from '#domain/message-limits.ts';
import type { Watch } from '#protocol/server-program.ts';
import { createPeopleClient } from '#transport/people/people-client.ts';
import { socketConnection } from '#transport/people/socket-connection.ts';
import { PEOPLE_ROUTES } from '#protocol/people/people-routes.ts';

const folder = mkdtempSync(join(tmpdir(), 'keystair-people-client-'));
after(() => rmSync(folder, { recursive: true }));
let servers = 0;

/** Asks one who answers as it is told here. */
async function verifyAt(serve: (answer: ServerResponse) => unknown, watch?: Watch) {
  const socketPath = join(folder, `${(servers += 1)}.sock`);
  const server = createServer((_request, answer) => void serve(answer));
  await new Promise<void>((listening) => server.listen(socketPath, listening));
  try {
    const connection = socketConnection({ socketPath, dataDirectory: folder });
    return await createPeopleClient(connection)('verify', {}, watch);
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
}

/** Writes as long as somebody reads. */
function endless(answer: ServerResponse, piece: () => string): void {
  const write = (): void => {
    while (!answer.destroyed && answer.write(piece()));
  };
  answer.on('drain', write);
  write();
}

function watching(): Watch & { readonly seen: number[] } {
  const seen: number[] = [];
  return { seen, onProgress: (done) => void seen.push(done), stop: new AbortController().signal };
}

const WHOLE = { ok: true, keys: 3, problems: [], damaged: [] };
const PIECE = 'x'.repeat(1024 * 1024);

test('an answer without end is given up at its bound, whether it succeeds, fails or tells how far it is', async () => {
  for (const [status, watch] of [
    [200, undefined],
    [500, undefined],
    [200, watching()],
  ] as const) {
    let written = 0;
    await assert.rejects(
      verifyAt((answer) => {
        answer.writeHead(status);
        endless(answer, () => {
          written += PIECE.length;
          return PIECE;
        });
      }, watch),
      { code: 'request-too-large' },
    );
    assert.ok(written < 2 * PEOPLE_ANSWER_BYTES_MAX);
  }
});

test('an answer of more values than any has is refused unparsed', async () => {
  await assert.rejects(
    verifyAt((answer) => answer.end(`[${'0,'.repeat(2_000_000)}0]`)),
    { code: 'request-too-large' },
  );
});

test('an answer that has another form is refused, and the fault named', async () => {
  assert.deepEqual(await verifyAt((answer) => answer.end(JSON.stringify(WHOLE))), WHOLE);
  await assert.rejects(
    verifyAt((answer) => answer.end(JSON.stringify({ ...WHOLE, keys: 'three' }))),
    (error: Error & { readonly code?: unknown }) =>
      error.code === 'request-invalid' && error.message.includes('keys'),
  );
});

test('progress comes as it is told, and behind it the answer', async () => {
  const watch = watching();
  const lines = [{ done: 1, of: 2 }, { done: 2, of: 2 }, { answer: WHOLE }].map((line) =>
    JSON.stringify(line),
  );
  const text = `${lines.join('\n')}\n`;
  const answer = await verifyAt((response) => {
    response.write(text.slice(0, 5));
    response.end(text.slice(5));
  }, watch);
  assert.deepEqual(answer, PEOPLE_ROUTES.verify.answer.parse(WHOLE));
  assert.deepEqual(watch.seen, [1, 2]);
  await assert.rejects(
    verifyAt((response) => response.end(text.slice(0, 30)), watching()),
    { code: 'interrupted' },
  );
});
