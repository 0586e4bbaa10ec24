/** Where the machines' listener listens, and when that is known. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { listenOnPort, rememberPort } from '#server/http/machines/listen-port.ts';
import type { Store } from '#store/store.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { openServer } from '#test/support/server-in-process.ts';

test('whoever is answered in the moment a server begins to listen is told of the right address', async () => {
  const { store, repository } = await openServer('Oslo', { heartbeats: false });
  const writing = Promise.withResolvers<void>();
  const slow: Store = {
    ...store,
    reader: store.reader,
    write: (work) => writing.promise.then(() => store.write(work)),
  };
  const server: Server = createServer();
  atTheEnd(() => void server.close());
  let told = '';
  const started = (async () => {
    told = await listenOnPort(server, { host: '127.0.0.1', port: 0 }, repository.rows, slow);
    await rememberPort(server, repository.rows, slow);
  })();
  while (!server.listening) await new Promise(setImmediate);
  await new Promise(setImmediate);
  assert.match(told, /^127\.0\.0\.1:\d+$/);
  writing.resolve();
  await started;
  const { port } = server.address() as AddressInfo;
  assert.deepEqual(
    await repository.rows.get(store.reader, 'setting', 'listen'),
    { port },
    'the next start has it',
  );
});
