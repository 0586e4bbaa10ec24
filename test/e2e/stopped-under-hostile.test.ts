/** A server that is told to stop while somebody on the network does not want it to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { organisation } from '#test/support/organisation.ts';
import { toMachines } from '#test/support/raw-call.ts';

const place = organisation('stopped-under-hostile');
/** So that no timer of the server's, which a byte begins anew, ever ends. */
const EVERY_MS = 200;

test('a stranger that is never done with the head of its request does not keep a server from stopping', async () => {
  const server = await place.server('Oslo');
  const socket = await toMachines(server.listen);
  socket.resume();
  socket.write('POST /v1/join HTTP/1.1\r\n');
  const going = setInterval(() => socket.write('x: y\r\n'), EVERY_MS);
  try {
    await server.stop();
  } finally {
    clearInterval(going);
    socket.destroy();
  }
  assert.ok(!server.alive);
});
