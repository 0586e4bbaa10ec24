/**
 * An export over the socket: a body that comes to its end is whole, and one that is not never comes to its end. It is
 * fetched once, by whoever started it, and only for as long as they may.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { KeystairError } from '#domain/errors.ts';
import { LOCAL_ADMINISTRATOR, type Person } from '#domain/right.ts';
import { createLocalSocket } from '#server/http/people/local-socket.ts';
import { createPeopleListener } from '#server/http/people/people-listener.ts';
import { LOCAL_SITE } from '#server/http/people/request-origin.ts';
import { createTransferClient, type TransferClient } from '#transport/people/transfer-client.ts';
import { socketConnection } from '#transport/people/socket-connection.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { makeSomeKey } from '#test/support/machine-caller.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

/** So many that a part of the file has left before the last is opened. */
const KEYS = 3000;
const directory = temporaryFolder('download')('data');
const address = { socketPath: join(directory, 'keystair.sock'), dataDirectory: directory };
const logged: Readonly<Record<string, unknown>>[] = [];
/** Who is known by which header. */
const people = new Map<string, Person>();
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
  const authenticate = ({ headers }: IncomingMessage): Person => {
    if (headers.authorization === undefined) return LOCAL_ADMINISTRATOR;
    const person = people.get(headers.authorization);
    if (person === undefined) throw new KeystairError('not-signed-in', 'the session has ended');
    return person;
  };
  const entrance = { site: LOCAL_SITE, authenticate };
  await socket.serve(createPeopleListener(server.administration, entrance, log));
  atTheEnd(() => socket.close());
  client = createTransferClient(socketConnection(address));
  for (const name of ['kari', 'per']) people.set(name, { ...LOCAL_ADMINISTRATOR, id: name, name });
});

async function bytesOf(exporting: ReturnType<TransferClient['exportKeys']>): Promise<number> {
  let bytes = 0;
  for await (const block of (await exporting).bytes) bytes += block.length;
  return bytes;
}

interface Downloaded {
  readonly status: number;
  readonly bytes: number;
  readonly whole: boolean;
  readonly named: string | undefined;
}

async function started(who?: string): Promise<string> {
  const text = await new Promise<string>((resolve, reject) => {
    const headers = {
      host: 'localhost',
      'content-type': 'application/json',
      ...(who === undefined ? {} : { authorization: who }),
    };
    const asked = { ...address, method: 'POST', path: '/api/v1/keys/exports', headers };
    const call = request(asked, (answer) => {
      let body = '';
      answer.on('data', (block: Buffer) => (body += block.toString()));
      answer.on('end', () => resolve(body));
    });
    call.on('error', reject);
    call.end(JSON.stringify({ recipient }));
  });
  return (JSON.parse(text) as { download: string }).download;
}

/** As any client of HTTP sees it: how many bytes came, and whether the answer came to its end. */
function download(
  path: string,
  who?: string,
  onFirst: (answer: IncomingMessage) => void = () => {},
): Promise<Downloaded> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'localhost', ...(who === undefined ? {} : { authorization: who }) };
    const call = request({ ...address, path, headers }, (answer) => {
      let bytes = 0;
      answer.once('data', () => onFirst(answer));
      answer.on('data', (block: Buffer) => (bytes += block.length));
      // It comes as the event `close`, too.
      answer.on('error', () => undefined);
      const named = answer.headers['content-disposition'];
      answer.on('close', () => resolve({ status: answer.statusCode!, bytes, whole: answer.complete, named }));
    });
    call.on('error', reject);
    call.end();
  });
}

test('an export that is whole comes to its end, for any client', async () => {
  const exporting = client.exportKeys({ recipient }, new AbortController().signal);
  assert.equal((await exporting).keys, KEYS);
  assert.ok((await bytesOf(exporting)) > KEYS * 100);
  const path = await started();
  const { whole, named } = await download(path);
  assert.ok(whole);
  // A name of ours, of characters that need no escape.
  assert.match(named!, /^attachment; filename="keystair-export-[0-9a-f-]{36}\.age"$/);
});

test('it is fetched once to its end, and again where it broke off', async () => {
  const path = await started('kari');
  const broken = await download(path, 'kari', (answer) => answer.destroy());
  assert.ok(!broken.whole);
  const again = await download(path, 'kari');
  assert.deepEqual([again.status, again.whole], [200, true]);
  assert.equal((await download(path, 'kari')).status, 404);
  const outcomes = (await server.events('export-ended')).slice(-2).map(({ outcome }) => outcome);
  assert.deepEqual(outcomes, ['broken-off', 'completed']);
  const events = (await server.events('export-started')).slice(-2);
  assert.deepEqual(new Set(events.map((event) => event['export'])).size, 1);
});

test('nobody else fetches it, who has the right as well, and their try is in the audit log', async () => {
  const path = await started('kari');
  assert.equal((await download(path, 'per')).status, 404);
  assert.equal((await download(path)).status, 404, 'not the owner of the data directory either');
  const refused = (await server.events('call-refused')).map(({ caller }) => caller);
  assert.deepEqual(refused, ['per', LOCAL_ADMINISTRATOR.name]);
  assert.ok((await download(path, 'kari')).whole);
});

for (const [what, lose] of [
  ['loses the right', () => void people.set('kari', { ...people.get('kari')!, rights: [] })],
  ['is signed out', () => void people.delete('kari')],
] as const) {
  test(`an export of somebody who ${what} in the middle breaks off`, async () => {
    const kari = people.get('kari')!;
    const path = await started('kari');
    const { status, bytes, whole } = await download(path, 'kari', () => {
      lose();
      server.clock.aheadMs += 2000;
    });
    assert.ok(status === 200 && bytes > 0 && !whole);
    assert.ok((await download(path, 'kari')).status >= 401, 'and is not fetched again');
    people.set('kari', kari);
    const [ended] = (await server.events('export-ended')).slice(-1);
    assert.equal(ended!['outcome'], 'broken-off');
    assert.ok((await download(path, 'kari')).whole);
  });
}

test('one that meets a damaged key in the middle breaks off, for any client, and the log names the key', async () => {
  logged.length = 0;
  const damaged = makeSomeKey().key.id;
  await server.store.write(async (transaction) => {
    const [row] = await transaction.keysAfter(0, 1);
    await transaction.appendKeys([{ ...row!, seq: KEYS + 1, id: damaged }]);
  });
  const exporting = client.exportKeys({ recipient }, new AbortController().signal);
  assert.equal((await exporting).keys, KEYS + 1, 'the status is 200, and nothing says yet how it will end');
  await assert.rejects(bytesOf(exporting), { code: 'interrupted' });
  const { bytes, whole } = await download(await started());
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
