/** An export over the socket: a body that comes to its end is whole, and one that is not never comes to its end. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { createLocalSocket, LOCAL_ENTRANCE } from '#server/http/people/local-socket.ts';
import { createPeopleListener } from '#server/http/people/people-listener.ts';
import { createTransferClient, type TransferClient } from '#transport/people/transfer-client.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { makeSomeKey } from '#test/support/machine-caller.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

/** So many that a part of the file has left before the last is opened. */
const KEYS = 3000;
const directory = temporaryFolder('download')('data');
const address = { socketPath: join(directory, 'keystair.sock'), dataDirectory: directory };
const logged: Readonly<Record<string, unknown>>[] = [];
let server: ServerInProcess;
let client: TransferClient;
let recipient: string;

before(async () => {
  server = await openServer('Only');
  await server.record(...Array.from({ length: KEYS }, () => makeSomeKey()));
  recipient = (await server.call('serverStatus', {})).recipients[0]!;
  mkdirSync(directory, { mode: 0o700 });
  const write = (fields: Readonly<Record<string, unknown>>): void => void logged.push(fields);
  const log = { info: write, warn: write, error: write };
  const socket = createLocalSocket(directory, log);
  await socket.serve(createPeopleListener(server.administration, LOCAL_ENTRANCE, log));
  atTheEnd(() => socket.close());
  client = createTransferClient(address);
});

async function bytesOf(exporting: ReturnType<TransferClient['exportKeys']>): Promise<number> {
  let bytes = 0;
  for await (const block of (await exporting).bytes) bytes += block.length;
  return bytes;
}

/** As any client of HTTP sees it: how many bytes came, and whether the answer came to its end. */
function download(): Promise<{ readonly bytes: number; readonly whole: boolean }> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'localhost', 'content-type': 'application/json' };
    const call = request({ ...address, method: 'POST', path: '/api/keys/exports', headers }, (answer) => {
      let bytes = 0;
      answer.on('data', (block: Buffer) => (bytes += block.length));
      // It comes as the event `close`, too.
      answer.on('error', () => undefined);
      answer.on('close', () => resolve({ bytes, whole: answer.complete }));
    });
    call.on('error', reject);
    call.end(JSON.stringify({ recipient }));
  });
}

test('an export that is whole comes to its end, for any client', async () => {
  const exporting = client.exportKeys({ recipient }, new AbortController().signal);
  assert.equal((await exporting).keys, KEYS);
  assert.ok((await bytesOf(exporting)) > KEYS * 100);
  assert.ok((await download()).whole);
});

test('one that meets a damaged key in the middle breaks off, for any client, and the log names the key', async () => {
  const damaged = makeSomeKey().key.id;
  await server.store.write(async (transaction) => {
    const [row] = await transaction.keysAfter(0, 1);
    await transaction.appendKeys([{ ...row!, seq: KEYS + 1, id: damaged }]);
  });
  const exporting = client.exportKeys({ recipient }, new AbortController().signal);
  assert.equal((await exporting).keys, KEYS + 1, 'the status is 200, and nothing says yet how it will end');
  await assert.rejects(bytesOf(exporting), { code: 'interrupted' });
  const { bytes, whole } = await download();
  assert.ok(bytes > 0 && !whole);
  const because = logged.filter(({ event }) => event === 'answer-broken-off');
  assert.deepEqual(
    because.map(({ code }) => code),
    ['record-unreadable', 'record-unreadable'],
  );
  assert.ok(String(because[0]!['because']).includes(damaged));
  assert.deepEqual(
    (await server.events('export-ended')).slice(-2).map(({ outcome }) => outcome),
    ['broken-off', 'broken-off'],
  );
});
