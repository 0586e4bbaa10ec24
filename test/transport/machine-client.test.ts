/** The client: addresses in order, connections kept, failures told apart. */
import assert from 'node:assert/strict';
import { createServer as createTcpServer } from 'node:net';
import { test } from 'node:test';
import { KeystairError } from '#domain/errors.ts';
import { UNREACHABLE } from '#test/sentences/unreachable.ts';
import { ask, clientOf, listen, listenOnLoopback, makeMember, openOffice, until } from './office.ts';
import { openProxy } from './recording-proxy.ts';

const office = await openOffice();
const other = await openOffice();
const { credentials } = await makeMember(office);
const EXCHANGES = 64;

/** An address on loopback where nobody listens. */
async function nobody(): Promise<string> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

test('method, path, headers and body arrive, and status, headers and body come back', async (test) => {
  const { address } = await listen(test, office, {
    handler: (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        response.writeHead(418, { 'x-answer': 'yes' });
        response.end(
          JSON.stringify({
            method: request.method,
            url: request.url,
            asked: request.headers['x-asked'],
            body,
          }),
        );
      });
    },
  });
  const client = clientOf(test, office, address, { credentials });
  for (const body of ['grüße', new TextEncoder().encode('grüße')]) {
    const { response, peer } = await ask(client, {
      method: 'POST',
      path: '/v1/x?y=1',
      headers: { 'x-asked': 'so' },
      body,
    });
    assert.equal(response.status, 418);
    assert.equal(response.headers['x-answer'], 'yes');
    assert.deepEqual(peer, { method: 'POST', url: '/v1/x?y=1', asked: 'so', body: 'grüße' });
  }
});

test('addresses are tried in order, and the one that worked stays first', async (test) => {
  const { address } = await listen(test, office);
  const elsewhere = await listen(test, other);
  const client = clientOf(test, office, ['not an address', await nobody(), elsewhere.address, address], {
    credentials,
  });
  await ask(client, { headers: { connection: 'close' } });
  assert.equal(elsewhere.tcp.made, 1);
  await ask(client);
  assert.equal(elsewhere.tcp.made, 1);
});

test('when no address works, each is named with its reason, and the most telling gives the code', async (test) => {
  const elsewhere = await listen(test, other);
  const refused = await nobody();
  const both = [refused, elsewhere.address];
  const cases = [
    { addresses: [], code: 'server-unreachable', message: UNREACHABLE.noAddress },
    { addresses: [refused], code: 'server-unreachable', message: UNREACHABLE.refused },
    { addresses: ['office.invalid:1'], code: 'server-unreachable', message: UNREACHABLE.noSuchName },
    { addresses: ['office'], code: 'server-unreachable', message: UNREACHABLE.noHostAndPort },
    { addresses: both, code: 'untrusted-server', message: UNREACHABLE.all(both) },
  ];
  for (const { addresses, code, message } of cases) {
    await assert.rejects(ask(clientOf(test, office, addresses, { credentials })), (error) => {
      assert.ok(error instanceof KeystairError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.ok((error.nextStep ?? '').length > 0);
      return true;
    });
  }
});

test('addresses can be changed while the client is in use', async (test) => {
  const { address } = await listen(test, office);
  const client = clientOf(test, office, await nobody(), { credentials });
  await assert.rejects(ask(client), { code: 'server-unreachable' });
  client.setAddresses([address]);
  await ask(client);
});

test('a server that takes the connection and never speaks is given up, and the next address tried', async (test) => {
  const mute = await listenOnLoopback(test, createTcpServer());
  const { address } = await listen(test, office);
  const client = clientOf(test, office, [mute, address], { credentials, connectTimeoutMs: 100 });
  await ask(client);
  const alone = clientOf(test, office, mute, { credentials, connectTimeoutMs: 50 });
  await assert.rejects(ask(alone), { code: 'server-unreachable', message: UNREACHABLE.noConnectionInTime });
});

test('a server that does not answer, or not to the end, costs no more than the time it was given', async (test) => {
  const { address } = await listen(test, office, {
    handler: (request, response) => {
      if (request.url === '/half') response.write('half of it');
    },
  });
  const client = clientOf(test, office, address, { credentials });
  await assert.rejects(ask(client, { timeoutMs: 50 }), {
    code: 'server-unreachable',
    message: UNREACHABLE.within(50),
  });
  const half = await client.request({ method: 'GET', path: '/half', timeoutMs: 100 });
  await assert.rejects(half.body(), { code: 'server-unreachable', message: UNREACHABLE.within(100) });
  const unread = await client.request({ method: 'GET', path: '/half', timeoutMs: 100 });
  await until(() => unread.stream.destroyed);
  await assert.rejects(unread.body(), { code: 'server-unreachable' }, 'also when it is read too late');
});

test('after a kept connection fell silent the next request does not wait on one like it', async (test) => {
  const { address } = await listen(test, office);
  const proxy = await openProxy(test, address);
  const client = clientOf(test, office, [proxy.address, address], { credentials, connectTimeoutMs: 100 });
  await Promise.all([ask(client), ask(client), ask(client)]);
  proxy.fallSilent();
  await assert.rejects(ask(client, { timeoutMs: 100 }), { code: 'server-unreachable' });
  await ask(client);
});

test('an answer over the limit is cut off, announced or not', async (test) => {
  const { address, connections } = await listen(test, office, {
    handler: (request, response) => {
      if (request.url === '/announced') response.setHeader('content-length', 2000);
      response.write(Buffer.alloc(1000));
      response.end(Buffer.alloc(1000));
    },
  });
  const client = clientOf(test, office, address, { credentials });
  for (const path of ['/announced', '/streamed']) {
    const response = await client.request({ method: 'GET', path, timeoutMs: 5000 });
    await assert.rejects(response.body(1999), {
      code: 'request-too-large',
      message: UNREACHABLE.tooLarge(1999),
    });
    const fitting = await client.request({ method: 'GET', path, timeoutMs: 5000 });
    assert.equal((await fitting.body(2000)).length, 2000);
  }
  assert.equal(connections.length, 3, 'a connection with the rest of an answer in it is not used again');
});

test('an answer that breaks off is not taken for a whole one', async (test) => {
  const { address } = await listen(test, office, {
    handler: (request, response) => {
      if (request.url === '/announced') response.setHeader('content-length', 2000);
      response.write(Buffer.alloc(1000), () => request.socket.destroy());
    },
  });
  const client = clientOf(test, office, address, { credentials });
  for (const path of ['/announced', '/streamed']) {
    const response = await client.request({ method: 'GET', path, timeoutMs: 5000 });
    await assert.rejects(response.body(), { code: 'server-unreachable', message: UNREACHABLE.broke });
  }
});

test('a kept connection that the server had closed is replaced, once, for what may be repeated', async (test) => {
  let breaking = true;
  let handled = 0;
  const { address } = await listen(test, office, {
    handler: (request, response) => {
      handled += 1;
      if (breaking && request.url === '/again') request.socket.destroy();
      else response.end();
      if (request.url === '/again') breaking = false;
    },
  });
  const client = clientOf(test, office, address, { credentials });
  const again = { path: '/again', method: 'POST', body: 'text' };
  await ask(client);
  await ask(client, { ...again, idempotent: true });
  assert.equal(handled, 3);
  breaking = true;
  await assert.rejects(ask(client, again), { code: 'server-unreachable', nextStep: UNREACHABLE.tryAgain });
  assert.equal(handled, 4, 'what may not be repeated is not');
  await ask(client);
  breaking = true;
  async function* streamed() {
    yield Buffer.from('text');
  }
  await assert.rejects(ask(client, { ...again, body: streamed(), idempotent: true }), {
    code: 'server-unreachable',
  });
});

test('a connection that breaks at once is not tried for ever', async (test) => {
  let handled = 0;
  const { address } = await listen(test, office, {
    handler: (request, response) => {
      handled += 1;
      if (request.url === '/break') request.socket.destroy();
      else response.end();
    },
  });
  const client = clientOf(test, office, address, { credentials });
  await ask(client);
  await assert.rejects(ask(client, { path: '/break', idempotent: true }), { code: 'server-unreachable' });
  assert.equal(handled, 3);
  const fresh = clientOf(test, office, address, { credentials });
  await assert.rejects(ask(fresh, { path: '/break', idempotent: true }), { code: 'server-unreachable' });
  assert.equal(handled, 4, 'a new connection was not an old one that had been closed');
});

test('one closed connection is enough to mistrust the others that were kept', async (test) => {
  const served = new WeakSet<object>();
  const { address } = await listen(test, office, {
    handler: (request, response) => {
      if (served.has(request.socket)) request.socket.destroy();
      else setTimeout(() => response.end(), 50);
      served.add(request.socket);
    },
  });
  const client = clientOf(test, office, address, { credentials });
  await Promise.all([ask(client), ask(client), ask(client)]);
  await ask(client, { idempotent: true });
});

test('requests beyond the limit wait in line, and every one is answered', async (test) => {
  let most = 0;
  let open = 0;
  const { address, connections } = await listen(test, office, {
    handler: (_, response) => {
      open += 1;
      most = Math.max(most, open);
      setTimeout(() => {
        open -= 1;
        response.end('done');
      }, 20);
    },
  });
  const client = clientOf(test, office, address, { credentials });
  const answers = await Promise.all(Array.from({ length: EXCHANGES * 3 }, () => ask(client)));
  assert.ok(answers.every(({ body }) => body === 'done'));
  assert.ok(most <= EXCHANGES && connections.length <= EXCHANGES, `${most} at once`);
});

test('who waits in line can give up, and does not take a place', async (test) => {
  const waiting: (() => void)[] = [];
  const { address } = await listen(test, office, {
    handler: (_, response) => waiting.push(() => response.end()),
  });
  const client = clientOf(test, office, address, { credentials });
  const first = Array.from({ length: EXCHANGES }, () => ask(client));
  await until(() => waiting.length === EXCHANGES);
  const controller = new AbortController();
  const gaveUp = assert.rejects(ask(client, { signal: controller.signal }), { code: 'interrupted' });
  const late = assert.rejects(ask(client, { timeoutMs: 20 }), { code: 'server-unreachable' });
  controller.abort();
  await Promise.all([gaveUp, late]);
  const last = ask(client);
  for (const answer of waiting) answer();
  await Promise.all(first);
  await until(() => waiting.length === EXCHANGES + 1);
  waiting.at(-1)!();
  await last;
});

test('closing ends what is under way, and nothing is sent after it', async (test) => {
  const { address, connections, tcp } = await listen(test, office, {
    handler: (request, response) => request.url === '/kept' && response.end(),
  });
  let dialled = 0;
  const mute = await listenOnLoopback(
    test,
    createTcpServer((socket) => {
      dialled += 1;
      socket.resume().once('close', () => {
        dialled -= 1;
      });
    }),
  );
  const client = clientOf(test, office, address, { credentials });
  const dialling = clientOf(test, office, mute, { credentials, connectTimeoutMs: 60_000 });
  await ask(client, { path: '/kept' });
  const kept = ask(client, { path: '/kept' });
  const pending = assert.rejects(ask(client), { code: 'interrupted' });
  const connecting = assert.rejects(ask(dialling), { code: 'interrupted' });
  const renewing = assert.rejects(ask(dialling, { renewalOnly: true }), { code: 'interrupted' });
  await kept;
  await until(() => connections.length === 2 && dialled === 2);
  client.close();
  dialling.close();
  await Promise.all([pending, connecting, renewing]);
  await until(() => tcp.open === 0 && dialled === 0);
  await assert.rejects(ask(client), { code: 'interrupted' });
  assert.equal(tcp.made, 2);
});
