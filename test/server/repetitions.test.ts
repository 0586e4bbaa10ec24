/** A request that is repeated with its key makes nothing twice. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { openPeopleSocket, type PeopleSocket } from '#test/support/people-socket.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

const IMPORT = 'POST /api/v1/keys/imports';
const INVITE = 'POST /api/v1/devices/invitations';
const directory = temporaryFolder('repetitions')('data');
let server: ServerInProcess;
let socket: PeopleSocket;

before(async () => {
  server = await openServer('Only');
  socket = await openPeopleSocket(server, directory, 'kari', 'per');
});

const key = (value: string) => ({ 'idempotency-key': value });

test('a repetition is answered as the first request was, for the same person alone', async () => {
  const body = { password: 'plum-river-candle-9-otter' };
  const first = await socket.ask('kari', IMPORT, body, key('one'));
  const again = await socket.ask('kari', IMPORT, body, key('one'));
  assert.deepEqual([again.status, again.body], [200, first.body]);
  const per = await socket.ask('per', IMPORT, body, key('one'));
  const other = await socket.ask('kari', IMPORT, body, key('two'));
  const ids = new Set([first, per, other].map((answer) => answer.body['id']));
  assert.equal(ids.size, 3);
});

test('two that arrive together are one', async () => {
  const asked = [1, 2].map(() => socket.ask('kari', IMPORT, {}, key('together')));
  const [one, other] = await Promise.all(asked);
  assert.deepEqual(one!.body, other!.body);
});

test('a key that comes with another request is refused', async () => {
  await socket.ask('kari', IMPORT, {}, key('used'));
  const other = await socket.ask('kari', IMPORT, { password: 'x' }, key('used'));
  assert.deepEqual([other.status, other.body['code']], [409, 'already-exists']);
  assert.equal((await socket.ask('kari', INVITE, {}, key('used'))).status, 409);
});

test('an answer that holds a secret is not given twice, and nothing is made twice', async () => {
  const before = (await server.events('invitation-made')).length;
  assert.equal((await socket.ask('kari', INVITE, {}, key('secret'))).status, 200);
  assert.equal((await socket.ask('kari', INVITE, {}, key('secret'))).status, 409);
  assert.equal((await server.events('invitation-made')).length, before + 1);
});

test('a request that failed may be made again with its key', async () => {
  const bad = { recipient: 'age1nonsense' };
  for (let time = 0; time < 2; time += 1) {
    const { status } = await socket.ask('kari', 'POST /api/v1/keys/exports', bad, key('failed'));
    assert.equal(status, 400);
  }
});

test('a day later a key is forgotten, and one that is none is refused', async () => {
  const first = await socket.ask('kari', IMPORT, {}, key('old'));
  server.clock.aheadMs += 25 * 60 * 60 * 1000;
  const later = await socket.ask('kari', IMPORT, {}, key('old'));
  assert.notEqual(first.body['id'], later.body['id']);
  assert.equal((await socket.ask('kari', IMPORT, {}, key('x'.repeat(129)))).status, 400);
});
