/**
 * What people may do: every call of theirs with every kind of caller, over the real listener, against a model
 * that is written once more (`rights-model.ts`). What stands behind the listener only notes that it was reached.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { KeystairError } from '#domain/errors.ts';
import { type Caller, LOCAL_ADMINISTRATOR, type Person, type RequiredRight, RIGHTS } from '#domain/right.ts';
import type { PeopleRoute } from '#protocol/people/people-route.ts';
import { PEOPLE_ROUTES } from '#protocol/people/people-routes.ts';
import { createLocalSocket } from '#server/http/people/local-socket.ts';
import { createPeopleListener, type ServedPeople } from '#server/http/people/people-listener.ts';
import { LOCAL_SITE } from '#server/http/people/request-origin.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { CALLS } from './rights-model.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

const inFolder = temporaryFolder('rights');

const nameOf = ({ area, right }: RequiredRight): string => `${area}: ${right}`;

const KINDS: readonly (readonly [kind: string, rights: readonly RequiredRight[]])[] = [
  ['nothing', []],
  ['everything', RIGHTS],
  ...RIGHTS.map((one) => [`only ${nameOf(one)}`, [one]] as const),
  ...RIGHTS.map((one) => [`all but ${nameOf(one)}`, RIGHTS.filter((other) => other !== one)] as const),
];

/** Who is known by which header. */
const people = new Map<string, Person>();
const reached: string[] = [];
const agent = new Agent({ keepAlive: true, maxSockets: 8 });
let server: ServerInProcess;
let socketPath: string;

/** Notes who reached it, and does nothing. */
function reach(name: string, caller: Caller): never {
  reached.push(`${caller.name} at ${name}`);
  throw new KeystairError('later', 'it was reached');
}

before(async () => {
  server = await openServer('Only');
  const directory = inFolder('data');
  mkdirSync(directory, { mode: 0o700 });
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const noting = Object.keys(PEOPLE_ROUTES).map((name) => [name, (caller: Caller) => reach(name, caller)]);
  const served = {
    people: Object.fromEntries(noting),
    streams: { api: Object.fromEntries(noting), events: server.administration.streams.events },
    refusals: server.administration.refusals,
    approvals: server.administration.approvals,
    clock: server.clock,
    open: server.administration.open,
    stopping: new AbortController().signal,
  } as unknown as ServedPeople;
  const authenticate = ({ headers }: { headers: IncomingHttpHeaders }): Person => {
    const person = people.get(headers.authorization ?? '');
    if (person === undefined) throw new KeystairError('not-allowed', 'nobody is known by that');
    return person;
  };
  const socket = createLocalSocket(directory, log);
  await socket.serve(createPeopleListener(served, { site: LOCAL_SITE, authenticate }, log));
  socketPath = join(directory, 'keystair.sock');
  atTheEnd(async () => {
    agent.destroy();
    await socket.close();
  });
});

interface Answered {
  readonly status: number;
  readonly code: unknown;
  readonly details: unknown;
}

async function ask(who: string, line: string, body: unknown): Promise<Answered> {
  const [method, path] = line.split(' ') as [string, string];
  const headers = {
    host: 'localhost',
    authorization: who,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, agent, method, path, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => {
        const { code, details } = JSON.parse(text) as Omit<Answered, 'status'>;
        resolve({ status: answer.statusCode!, code, details });
      });
    });
    call.on('error', reject);
    call.end(typeof body === 'string' || body === undefined ? body : `${JSON.stringify(body)}\n`);
  });
}

for (const [name, line, body, ...needs] of CALLS) {
  test(`${name} ${JSON.stringify(body) ?? ''} is done for whoever has ${needs.join(' and ') || 'a name'}`, async () => {
    const before = (await server.events('call-refused')).length;
    const expected: Record<string, unknown> = {};
    const answered: Record<string, unknown> = {};
    for (const [kind, rights] of KINDS) {
      const who = `${kind} for ${line} ${JSON.stringify(body)}`;
      people.set(who, { ...LOCAL_ADMINISTRATOR, name: who, rights });
      const has = new Set(rights.map(nameOf));
      const lacking = needs.find((need) => !has.has(need));
      expected[kind] = lacking ?? 'reached';
      const { code, details } = await ask(who, line, body);
      const was = reached.splice(0);
      if (code === 'not-allowed' && was.length === 0) answered[kind] = nameOf(details as RequiredRight);
      else answered[kind] = was.includes(`${who} at ${name}`) ? 'reached' : code;
    }
    assert.deepEqual(answered, expected);
    const refused = KINDS.map(([kind]) => kind).filter((kind) => expected[kind] !== 'reached');
    assert.deepEqual(
      (await server.events('call-refused'))
        .slice(before)
        .map(({ caller, code, route }) => [caller, code, route]),
      refused.map((kind) => [`${kind} for ${line} ${JSON.stringify(body)}`, 'not-allowed', name]),
      'each refusal is in the audit log',
    );
  });
}

test('the model has every call, and every field that needs a right besides', () => {
  const names = CALLS.map(([name]) => name);
  assert.deepEqual([...new Set(names)].toSorted(), Object.keys(PEOPLE_ROUTES).toSorted());
  for (const [name, route] of Object.entries<PeopleRoute>(PEOPLE_ROUTES)) {
    const fields = Object.keys(route.besides ?? {});
    for (const field of fields)
      assert.ok(
        CALLS.some(([call, , body]) => call === name && Object.hasOwn(body as object, field)),
        `${name} with ${field}`,
      );
  }
});

test('whoever nobody knows reaches nothing', async () => {
  for (const [name, line, body] of CALLS) {
    const { status, code } = await ask('a stranger', line, body);
    assert.deepEqual([status, code, reached.splice(0)], [403, 'not-allowed', []], name);
  }
});

test('a caller without the right learns nothing of what is wrong with the request, and it is not read', async () => {
  people.set('nobody', { ...LOCAL_ADMINISTRATOR, name: 'nobody', rights: [] });
  for (const [name, line, body, ...needs] of CALLS) {
    if (body === undefined || needs.length === 0) continue;
    assert.equal((await ask('nobody', line, '{')).code, 'not-allowed', name);
  }
});

test('repeated refusals of one caller are counted, not written singly', async () => {
  people.set('again', { ...LOCAL_ADMINISTRATOR, name: 'again', rights: [] });
  for (let time = 0; time < 5; time += 1) await ask('again', 'GET /api/v1/keys', undefined);
  const written = await server.events('call-refused');
  assert.equal(written.filter(({ caller }) => caller === 'again').length, 1);
});

test('no caller is made by hand, and no listener without a way to know its callers: neither compiles', () => {
  const operation = ({ name }: Caller): string => name;
  // @ts-expect-error a caller is made by the question for its rights alone
  operation({ name: 'made by hand' });
  const without = (served: ServedPeople): unknown =>
    // @ts-expect-error who calls has no default
    createPeopleListener(served, { site: LOCAL_SITE }, { info: () => {}, warn: () => {}, error: () => {} });
  assert.ok(without);
});
