/** Long work as a job: who sees it, how it is watched and cancelled, and what a stop of the server makes of it. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { KeystairError } from '#domain/errors.ts';
import { LOCAL_ADMINISTRATOR, RIGHTS, read, requireRights } from '#domain/right.ts';
import type { PeopleApi } from '#server/http/people/people-api.ts';
import { type JobLife, Jobs } from '#server/jobs/jobs.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { eventually } from '#test/support/eventually.ts';
import { openPeopleSocket, type PeopleSocket } from '#test/support/people-socket.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

const ASYNC = { prefer: 'respond-async' };
const SERVER_READ = [read('Administration Server')];
const directory = temporaryFolder('jobs')('data');
let server: ServerInProcess;
let socket: PeopleSocket;

before(async () => {
  server = await openServer('Only');
  socket = await openPeopleSocket(server, directory, 'kari', 'per', 'outsider');
  socket.people.set('outsider', { ...socket.people.get('outsider')!, rights: [] });
});

const callerNamed = (name: string) => requireRights({ ...LOCAL_ADMINISTRATOR, id: name, name }, RIGHTS);

/** A job whose end the test decides. */
async function held(jobs: Jobs, by = 'kari') {
  const end = Promise.withResolvers<unknown>();
  const began = Promise.withResolvers<JobLife>();
  const job = await jobs.begin(callerNamed(by), 'verify', SERVER_READ, (life) => {
    began.resolve(life);
    life.signal.addEventListener('abort', () =>
      end.reject(new KeystairError('interrupted', 'it was stopped')),
    );
    return end.promise;
  });
  return { id: job.id, life: await began.promise, end: end.resolve };
}

test('whoever prefers so has a job, watches it to its end, and has the answer of the call', async () => {
  const { status, headers, body } = await socket.ask('kari', 'POST /api/v1/server/verify', {}, ASYNC);
  assert.deepEqual([status, headers['preference-applied']], [202, 'respond-async']);
  const { id, operation } = body['job'] as { id: string; operation: string };
  assert.equal(operation, 'verify');
  assert.equal(headers['location'], `/api/v1/jobs/${id}`);
  const watching = await socket.watch('kari', `/api/v1/jobs/${id}/events`);
  const over = async () => {
    await watching.event('job');
    const last = watching.heard.at(-1)!;
    return last.data['state'] === 'running' ? undefined : last;
  };
  let last = await over();
  while (last === undefined) last = await over();
  const { keys, problems } = last.data['answer'] as { keys: number; problems: unknown[] };
  // The row of the job itself is no fault of the database.
  assert.deepEqual([last.data['state'], keys, problems], ['done', 0, []]);
  const shown = await socket.ask('kari', `GET /api/v1/jobs/${id}`);
  assert.deepEqual(shown.body['job'], last.data);
  const after = { 'last-event-id': last.id };
  assert.equal((await socket.ask('kari', `GET /api/v1/jobs/${id}/events`, undefined, after)).status, 204);
});

test('without the preference, or where a call has no jobs, the answer is waited for', async () => {
  const waited = await socket.ask('kari', 'POST /api/v1/server/verify', {}, { prefer: 'wait=10' });
  assert.deepEqual([waited.status, waited.body['keys']], [200, 0]);
  assert.equal((await socket.ask('kari', 'GET /api/v1/server', undefined, ASYNC)).status, 200);
});

test('others with the same right see a job, nobody else does, and only its owner cancels it', async () => {
  const { jobs } = server.administration;
  const { id } = await held(jobs);
  const line = `/api/v1/jobs/${id}`;
  assert.equal((await socket.ask('per', `GET ${line}`)).status, 200);
  assert.equal((await socket.ask('per', `DELETE ${line}`)).status, 403);
  for (const method of ['GET', 'DELETE'])
    assert.equal((await socket.ask('outsider', `${method} ${line}`)).status, 404);
  assert.equal((await socket.watch('outsider', `${line}/events`)).status, 404);
  const listed = (await socket.ask('outsider', 'GET /api/v1/jobs')).body['jobs'] as object[];
  assert.deepEqual(listed, []);
  const watching = await socket.watch('kari', `${line}/events`);
  await watching.event('job');
  assert.equal((await socket.ask('kari', `DELETE ${line}`)).status, 200);
  while (!watching.isOver) await new Promise(setImmediate);
  assert.equal(watching.heard.at(-1)!.data['state'], 'cancelled');
});

test('progress is told together, and a watcher that comes back is told only what is new', async () => {
  const { id, life, end } = await held(server.administration.jobs);
  const path = `/api/v1/jobs/${id}/events`;
  const first = await socket.watch('kari', path);
  await first.event('job');
  for (let done = 1; done <= 1000; done += 1) life.progress(done, 1000);
  while (first.heard.at(-1)!.data['done'] !== 1000) await new Promise(setImmediate);
  assert.ok(first.heard.length <= 3);
  first.close();
  const { id: last } = first.heard.at(-1)!;
  const second = await socket.watch('kari', path, { 'last-event-id': last });
  end({});
  while (!second.isOver) await new Promise(setImmediate);
  assert.deepEqual(
    second.heard.map(({ data }) => data['state']),
    ['done'],
  );
});

test('a job that the stop of the server interrupts is named as such after the next start', async () => {
  const { store, repository, clock } = server;
  const ports = {
    store,
    rows: repository.rows,
    clock,
    random: (bytes: number) => new Uint8Array(bytes).fill(7),
  };
  const jobs = new Jobs(ports);
  const { id } = await held(jobs);
  await jobs.stop();
  const next = new Jobs(ports);
  await next.takeOver();
  const { state, problem } = next.show(callerNamed('kari'), id);
  assert.deepEqual([state, problem?.code], ['interrupted', 'interrupted']);
  assert.deepEqual(await store.reader.rows('job'), []);
});

test('a job goes on when its caller signs out, and ends when they lose the right', async () => {
  const turns = { left: 50 };
  const people: PeopleApi = {
    ...server.administration.people,
    verify: async (_caller, _request, life) => {
      for (; turns.left > 0; turns.left -= 1) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        server.clock.aheadMs += 2000;
        life!.progress(1, 2);
        life!.requireWanted();
      }
      throw new KeystairError('later', 'it was not stopped');
    },
  };
  const administration = { ...server.administration, people };
  const held = await openPeopleSocket({ administration }, `${directory}-held`, 'kari');
  const kari = held.people.get('kari')!;
  for (const [lose, code] of [
    [() => void held.people.delete('kari'), 'later'],
    [() => void held.people.set('kari', { ...kari, rights: [] }), 'interrupted'],
  ] as const) {
    turns.left = 50;
    const { body } = await held.ask('kari', 'POST /api/v1/server/verify', {}, ASYNC);
    lose();
    const { id } = body['job'] as { id: string };
    const problem = await eventually(
      'the end',
      () => administration.jobs.show(callerNamed('kari'), id).problem,
    );
    assert.equal(problem.code, code);
    held.people.set('kari', kari);
  }
});

test('answers are kept for an hour', async () => {
  const { id, end } = await held(server.administration.jobs);
  end({});
  await new Promise(setImmediate);
  server.clock.aheadMs += 61 * 60 * 1000;
  assert.equal((await socket.ask('kari', `GET /api/v1/jobs/${id}`)).status, 404);
});
