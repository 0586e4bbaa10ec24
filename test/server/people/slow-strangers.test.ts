/** Strangers who begin to sign in and never go on: they hold no connection of the people's listener for long. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { REQUEST_MS_MAX } from '#domain/listener-limits.ts';
import { openOffice } from '#test/support/people-office.ts';

const STEP_MS = 1000;

test('a stranger whose body does not come is waited for as long as any other caller, and no longer', async (t) => {
  const { url } = await openOffice();
  const { host, hostname, port } = new URL(url);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  socket.resume();
  const head = ['POST /api/v1/sign-in/password HTTP/1.1', `host: ${host}`, `origin: ${url}`];
  socket.write([...head, 'content-type: application/json', 'content-length: 90', '', '{'].join('\r\n'));
  // It arrives in some turn of the loop, and its time begins with it.
  let waited = 0;
  for (; !socket.closed && waited < 3 * REQUEST_MS_MAX; waited += STEP_MS) {
    for (let turns = 0; turns < 20; turns += 1) await turn();
    t.mock.timers.tick(STEP_MS);
  }
  assert.ok(socket.closed, 'it was let go');
  assert.ok(waited >= REQUEST_MS_MAX, `after ${waited} ms`);
});
