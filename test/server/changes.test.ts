/** The stream of what changed: who hears what, for how long, and what it costs when nobody reads. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { read, RIGHTS } from '#domain/right.ts';
import { eventually } from '#test/support/eventually.ts';
import { openPeopleSocket, type PeopleSocket } from '#test/support/people-socket.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

const EVENTS = '/api/v1/events';
const WATCHERS = ['kari', 'per', 'auditor', 'many', 'leaver', 'demoted'];
const directory = temporaryFolder('changes')('data');
let server: ServerInProcess;
let socket: PeopleSocket;

before(async () => {
  server = await openServer('Only');
  socket = await openPeopleSocket(server, directory, ...WATCHERS);
});

const invite = () => socket.ask('kari', 'POST /api/v1/devices/invitations', {});

test('a change is told by its kind, without a name, and with a number to go on from', async () => {
  const watching = await socket.watch('kari', EVENTS);
  const { id } = await watching.event('ready');
  await socket.ask('kari', 'PATCH /api/v1/server/settings', { heartbeat: 77 });
  const { data } = await watching.event('settings');
  assert.deepEqual(Object.keys(data), ['changes']);
  await watching.event('audit');
  watching.close();
  await invite();
  const again = await socket.watch('kari', EVENTS, { 'last-event-id': id });
  const kinds = new Set((await again.event('devices'), again.heard.map(({ event }) => event)));
  assert.ok(kinds.has('settings') && kinds.has('audit') && kinds.has('devices'), [...kinds].join());
  again.close();
});

test('changes that come one after the other are told together', async () => {
  const watching = await socket.watch('kari', EVENTS);
  await watching.event('ready');
  const began = Date.now();
  for (let time = 0; time < 30; time += 1) await invite();
  await watching.event('devices');
  const told = watching.heard.filter(({ event }) => event === 'devices').length;
  assert.ok(told <= 2 + (Date.now() - began) / 250, `${told} events`);
  watching.close();
});

test('an id that the server does not know is one event: read everything again', async () => {
  for (const unknown of ['0123456789ab.5', 'nonsense', '9'.repeat(300)]) {
    const watching = await socket.watch('kari', EVENTS, { 'last-event-id': unknown });
    await watching.event('reload');
    assert.equal(watching.heard.length, 1);
    watching.close();
  }
});

test('nobody hears of what they may not see', async () => {
  socket.people.set('auditor', { ...socket.people.get('auditor')!, rights: [read('Audit log')] });
  const [auditor, kari] = [await socket.watch('auditor', EVENTS), await socket.watch('kari', EVENTS)];
  await auditor.event('ready');
  await invite();
  await kari.event('devices');
  await auditor.event('audit');
  assert.deepEqual(
    [...new Set(auditor.heard.map(({ event }) => event))].toSorted(),
    ['audit', 'ready'],
    'devices are none of an auditor’s concern here',
  );
  auditor.close();
  kari.close();
});

test('a right that is lost is lost for the next event, and a session that ended ends the stream', async () => {
  const [leaver, demoted] = [await socket.watch('leaver', EVENTS), await socket.watch('demoted', EVENTS)];
  await demoted.event('ready');
  socket.people.set('demoted', {
    ...socket.people.get('demoted')!,
    rights: RIGHTS.filter(({ area }) => area !== 'Managed devices'),
  });
  socket.people.delete('leaver');
  server.clock.aheadMs += 2000;
  await invite();
  await demoted.event('audit');
  assert.ok(!demoted.heard.some(({ event }) => event === 'devices'));
  await eventually('the stream ends', () => leaver.isOver);
  assert.ok(!leaver.heard.some(({ event }) => event === 'devices'));
  demoted.close();
});

test('one person has eight streams, and one that is closed makes room', async () => {
  const open = await Promise.all(Array.from({ length: 8 }, () => socket.watch('many', EVENTS)));
  assert.equal((await socket.ask('many', `GET ${EVENTS}`)).status, 429);
  const other = await socket.watch('per', EVENTS);
  assert.equal(other.status, 200);
  other.close();
  open[0]!.close();
  const again = await eventually('room for another', async () => {
    const next = await socket.watch('many', EVENTS);
    return next.status === 200 && next;
  });
  for (const one of [...open, again]) one.close();
});
