/**
 * What people may do: every call of theirs with every kind of caller, over the real listener, against a model that is
 * written here once more. What stands behind the listener only notes that it was reached.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { KeystairError } from '#domain/errors.ts';
import { type Caller, type Person, type RequiredRight, RIGHTS } from '#domain/right.ts';
import { PEOPLE_ROUTES } from '#protocol/people/people-routes.ts';
import { IMPORT_MEDIA_TYPE, TRANSFER_ROUTES } from '#protocol/people/transfer-routes.ts';
import { createLocalSocket } from '#server/http/people/local-socket.ts';
import { createPeopleListener, type ServedPeople } from '#server/http/people/people-listener.ts';
import { LOCAL_SITE } from '#server/http/people/request-origin.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

const SERVER_READ = 'Administration Server: Read';
const SERVER_WRITE = 'Administration Server: Write';
const HIERARCHY_READ = 'Hierarchy of Administration Servers: Read';
const HIERARCHY_WRITE = 'Hierarchy of Administration Servers: Write';
const DEVICES_READ = 'Managed devices: Read';
const DEVICES_WRITE = 'Managed devices: Write';
const REGISTER = 'Key register: Read';
const EXPORT = 'Encryption key management: Read';
const IMPORT = 'Encryption key management: Write';
const REVEAL = 'Key reveal: Write';

const inFolder = temporaryFolder('rights');
const ID = randomUUID();
const SHARES = { shares: 3, threshold: 2 };

/** The model: a call, how it is made, and what it needs. */
const CALLS: readonly (readonly [name: string, line: string, body: unknown, ...needs: string[]])[] = [
  ['serverStatus', 'GET /api/server', undefined, SERVER_READ],
  ['showSettings', 'GET /api/server/settings', undefined, SERVER_READ],
  ['changeSettings', 'PATCH /api/server/settings', { useHierarchy: true }, SERVER_WRITE],
  ['verify', 'POST /api/server/verify', {}, SERVER_READ],
  ['verify', 'POST /api/server/verify', { repair: true }, SERVER_READ, IMPORT],
  ['backup', 'POST /api/server/backups', { password: 'x' }, SERVER_WRITE, EXPORT],

  ['sealState', 'GET /api/server/seal-state', undefined, SERVER_READ],
  ['unseal', 'POST /api/server/unseal', { pin: '1234' }, SERVER_WRITE],
  ['listSeals', 'GET /api/server/seals', undefined, SERVER_READ],
  ['addSeal', 'POST /api/server/seals', { kind: 'key-file' }, SERVER_WRITE, EXPORT],
  ['removeSeal', 'DELETE /api/server/seals/x', undefined, SERVER_WRITE],
  ['initRecovery', 'POST /api/server/recovery-shares', SHARES, SERVER_WRITE, EXPORT],
  ['rotateDataKey', 'POST /api/server/data-keys', {}, SERVER_WRITE],

  ['showHierarchy', 'GET /api/hierarchy', undefined, HIERARCHY_READ],
  ['inviteSecondary', 'POST /api/hierarchy/invitations', {}, HIERARCHY_WRITE],
  ['joinHierarchy', 'POST /api/hierarchy/join', { invitation: 'x' }, HIERARCHY_WRITE],
  [
    'joinHierarchy',
    'POST /api/hierarchy/join',
    { invitation: 'x', useHierarchy: true },
    HIERARCHY_WRITE,
    SERVER_WRITE,
  ],
  ['heartbeatNow', 'POST /api/hierarchy/heartbeat', {}, HIERARCHY_WRITE],
  ['setServer', 'PATCH /api/hierarchy/servers/x', { dmz: true }, HIERARCHY_WRITE],
  ['removeServer', 'DELETE /api/hierarchy/servers/x', undefined, HIERARCHY_WRITE],
  ['leaveHierarchy', 'POST /api/hierarchy/leave', {}, HIERARCHY_WRITE],
  ['allowRecovery', 'POST /api/hierarchy/servers/x/recovery', {}, HIERARCHY_WRITE, EXPORT],
  ['allowRecovery', 'POST /api/hierarchy/servers/x/recovery', { off: true }, HIERARCHY_WRITE, EXPORT],

  ['listDevices', 'GET /api/devices', undefined, DEVICES_READ],
  ['inviteDevice', 'POST /api/devices/invitations', {}, DEVICES_WRITE],
  ['removeDevice', 'DELETE /api/devices/x', undefined, DEVICES_WRITE],

  ['listKeys', 'GET /api/keys', undefined, REGISTER],
  ['showKey', `GET /api/keys/${ID}`, undefined, REGISTER],
  ['explainKey', 'POST /api/keys/explain', { id: ID }, REGISTER],
  ['revealKey', `POST /api/keys/${ID}/reveal`, { reason: 'it is needed' }, REVEAL],
  ['exportKeys', 'POST /api/keys/exports', { password: 'x' }, EXPORT],
  ['importKeys', 'POST /api/keys/imports', { password: 'x', dryRun: false }, IMPORT],
  ['importKeys', 'POST /api/keys/imports', { password: 'x', dryRun: true }, IMPORT],
  ['recoverFromPrimary', 'POST /api/server/recovery', {}, IMPORT],
];

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
async function reach(name: string, caller: Caller): Promise<never> {
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
    transfers: {
      exportKeys: (caller: Caller) => reach('exportKeys', caller),
      importKeys: (caller: Caller) => reach('importKeys', caller),
    },
    backups: { write: (caller: Caller) => reach('backup', caller) },
    refusals: server.administration.refusals,
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

async function ask(who: string, name: string, line: string, body: unknown): Promise<Answered> {
  const [method, path] = line.split(' ') as [string, string];
  const isImport = name === 'importKeys';
  const headers = {
    host: 'localhost',
    authorization: who,
    ...(body === undefined ? {} : { 'content-type': isImport ? IMPORT_MEDIA_TYPE : 'application/json' }),
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
  test(`${name} ${JSON.stringify(body) ?? ''} is done for whoever has ${needs.join(' and ')}`, async () => {
    const before = (await server.events('call-refused')).length;
    const expected: Record<string, unknown> = {};
    const answered: Record<string, unknown> = {};
    for (const [kind, rights] of KINDS) {
      const who = `${kind} for ${line} ${JSON.stringify(body)}`;
      people.set(who, { name: who, rights });
      const has = new Set(rights.map(nameOf));
      const lacking = needs.find((need) => !has.has(need));
      expected[kind] = lacking ?? 'reached';
      const { code, details } = await ask(who, name, line, body);
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

test('the model has every call and every stream, and every field that needs a right besides', () => {
  const routes = { ...PEOPLE_ROUTES, ...TRANSFER_ROUTES };
  assert.deepEqual([...new Set(CALLS.map(([name]) => name))].toSorted(), Object.keys(routes).toSorted());
  for (const [name, route] of Object.entries(routes)) {
    const fields = 'besides' in route ? Object.keys(route.besides ?? {}) : [];
    for (const field of fields)
      assert.ok(
        CALLS.some(([call, , body]) => call === name && Object.hasOwn(body as object, field)),
        `${name} with ${field}`,
      );
  }
});

test('whoever nobody knows reaches nothing', async () => {
  for (const [name, line, body] of CALLS) {
    const { status, code } = await ask('a stranger', name, line, body);
    assert.deepEqual([status, code, reached.splice(0)], [403, 'not-allowed', []], name);
  }
});

test('a caller without the right learns nothing of what is wrong with the request, and it is not read', async () => {
  people.set('nobody', { name: 'nobody', rights: [] });
  for (const [name, line, body] of CALLS) {
    if (body === undefined) continue;
    assert.equal((await ask('nobody', name, line, '{')).code, 'not-allowed', name);
  }
});

test('repeated refusals of one caller are counted, not written singly', async () => {
  people.set('again', { name: 'again', rights: [] });
  for (let time = 0; time < 5; time += 1) await ask('again', 'listKeys', 'GET /api/keys', undefined);
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
