/** A request that is repeated with its key makes nothing twice. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { PeopleRoute } from '#protocol/people/people-route.ts';
import { PEOPLE_ROUTES } from '#protocol/people/people-routes.ts';
import { Repetitions } from '#server/http/people/repetitions.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { openPeopleSocket, type PeopleSocket } from '#test/support/people-socket.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

const IMPORT = 'POST /api/v1/keys/imports';
const INVITE = 'POST /api/v1/devices/invitations';
const inFolder = temporaryFolder('repetitions');
const directory = inFolder('data');
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

/** As the next process of the server, or another one, knows of nothing but the rows. */
let processes = 0;
async function nextProcess(): Promise<PeopleSocket> {
  const { rows, barrier } = server.repository;
  const repetitions = new Repetitions({ rows, barrier, store: server.store, clock: server.clock });
  const administration = { ...server.administration, repetitions };
  return openPeopleSocket({ administration }, inFolder(`next-${(processes += 1)}`), 'kari', 'per');
}

const SEAL = { kind: 'passphrase', passphrase: 'plum-river-candle-9-otter' };
/** Every call that durably makes a thing, with the status of its repetition, and the event of what it makes. */
const MAKING = [
  ['POST /api/v1/groups', { name: 'Lyon' }, 200, 'group-added'],
  ['POST /api/v1/server/data-keys', {}, 200, 'data-key-made'],
  ['POST /api/v1/server/seals', SEAL, 200, 'seal-added'],
  ['POST /api/v1/server/recovery-shares', { shares: 3, threshold: 2 }, 409, 'seal-added'],
  ['POST /api/v1/people', { name: 'program', service: true }, 409, 'person-added'],
  [INVITE, {}, 409, 'invitation-made'],
  ['POST /api/v1/hierarchy/invitations', {}, 409, 'invitation-made'],
] as const;

test('every call that repeats its answer is one of these, or starts a transfer', () => {
  const repeated = Object.values<PeopleRoute>(PEOPLE_ROUTES).filter((route) => route.repeated !== undefined);
  const transfers = repeated.filter(({ path }) => /^\/(keys\/(ex|im)ports|server\/backups)$/.test(path));
  assert.equal(repeated.length, MAKING.length + transfers.length);
});

for (const [line, body, again, event] of MAKING) {
  test(`after a restart, and in another process, a repetition of ${line} makes nothing either`, async () => {
    const first = await socket.ask('kari', line, body, key(line.replace(' ', ':')));
    assert.equal(first.status, 200, JSON.stringify(first.body));
    const made = (await server.events(event)).length;
    const next = await nextProcess();
    const repeated = await next.ask('kari', line, body, key(line.replace(' ', ':')));
    assert.equal(repeated.status, again, JSON.stringify(repeated.body));
    if (again === 200) assert.deepEqual(repeated.body, first.body);
    else assert.equal(repeated.body['code'], 'already-exists');
    assert.equal((await server.events(event)).length, made, 'nothing was made');
    const changed = await next.ask(
      'kari',
      line,
      { ...body, expiresMs: 60_000, name: 'x' },
      key(line.replace(' ', ':')),
    );
    assert.notEqual(changed.status, 200);
    const stored = [...(await server.store.reader.rows('made'))].map((row) => row.body).join('');
    assert.ok(!stored.includes(SEAL.passphrase) && !stored.includes('apiKey'), 'no secret is in a row');
  });
}

test('two processes that are asked at once make one thing', async () => {
  const other = await nextProcess();
  const before = (await server.events('group-added')).length;
  const answers = await Promise.all(
    [socket, other].map((one) => one.ask('kari', 'POST /api/v1/groups', { name: 'Bern' }, key('race'))),
  );
  assert.equal((await server.events('group-added')).length, before + 1);
  const won = answers.filter(({ status }) => status === 200);
  assert.ok(won.length > 0);
  for (const { status, body } of answers)
    assert.ok(status === 200 || body['code'] === 'later', JSON.stringify(body));
  const repeated = await (await nextProcess()).ask(
    'kari',
    'POST /api/v1/groups',
    { name: 'Bern' },
    key('race'),
  );
  assert.deepEqual(repeated.body, won[0]!.body);
});

test('rows of keys are bounded for each person, and those of a day ago go', async () => {
  for (let time = 0; time < 205; time += 1)
    assert.equal((await socket.ask('per', INVITE, {}, key(`many-${time}`))).status, 200);
  const of = async (who: string): Promise<number> =>
    (await server.store.reader.rows('made')).filter(({ id }) => id.startsWith(`${who}/`)).length;
  assert.equal(await of('per'), 200);
  assert.ok((await of('kari')) > 0);
  server.clock.aheadMs += 25 * 60 * 60 * 1000;
  const next = await nextProcess();
  assert.equal((await next.ask('per', INVITE, {}, key('many-204'))).status, 200);
  assert.equal(await of('per'), 1);
  // The first key of somebody else forgets those of whoever is away.
  next.people.set('eva', { ...next.people.get('per')!, id: 'eva', name: 'eva' });
  assert.equal((await next.ask('eva', INVITE, {}, key('first'))).status, 200);
  assert.equal(await of('kari'), 0);
});
