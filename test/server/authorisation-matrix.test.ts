/**
 * Who may make which call: every machine route with every kind of caller, over real TLS, against a model that is
 * written here once more. A call that is let in meets a body that no route takes, so that nothing is changed.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { CERTIFICATE_MS } from '#domain/limits.ts';
import { MACHINE_ROUTES, type MachineRouteName } from '#protocol/machine-routes.ts';
import {
  createAuthority,
  issueMemberCertificate,
  issueServerCertificate,
  selfSignedCertificate,
} from '#transport/authority.ts';
import { makeKeyPair } from '#transport/key-pair.ts';
import type { TlsCredentials } from '#transport/tls-context.ts';
import { type Answered, callerWith, joinAs, type MachineCaller } from '#test/support/machine-caller.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

type Verdict = 'let in' | 'not-a-member' | 'certificate-expired';

const CALLERS = [
  'none',
  'stranger',
  'self-signed',
  "another authority's member with a device's id",
  "a device's id with another key",
  'an id that nobody has',
  "the server's own leaf",
  'device',
  'arriving device',
  'secondary',
  'secondary in DMZ',
  'moved device',
  'removed device',
  'removed secondary',
  'device with an expired certificate',
  'secondary with an expired certificate',
  'device with a certificate of the future',
  'removed device with an expired certificate',
] as const;
type CallerName = (typeof CALLERS)[number];

const SECONDARY_ROUTES: readonly MachineRouteName[] = [
  'heartbeat',
  'transmit',
  'lookup',
  'explain',
  'recoverable',
  'recover',
  'leave',
];
const DEVICE_ROUTES: readonly MachineRouteName[] = [
  'deviceHeartbeat',
  'record',
  'missingReceipts',
  'returnReceipts',
  'deviceLookup',
  'unwrap',
  'arrive',
  'arrived',
  'moved',
];

/** Whoever proves a key may try an invitation, a member too; these certificates prove nothing that we could read. */
const PROVES_NO_KEY: readonly CallerName[] = [
  'none',
  'stranger',
  "another authority's member with a device's id",
  "the server's own leaf",
];

/** The model. */
function expected(route: MachineRouteName, caller: CallerName): Verdict {
  if (route === 'join') return PROVES_NO_KEY.includes(caller) ? 'not-a-member' : 'let in';
  const device = /^(arriving )?device/.test(caller);
  const secondary = caller.startsWith('secondary');
  if (!device && !secondary) return 'not-a-member';
  const lapsed = /expired|future/.test(caller);
  if (route === 'renew') return 'let in';
  if (SECONDARY_ROUTES.includes(route) ? !secondary : !device) return 'not-a-member';
  return lapsed ? 'certificate-expired' : 'let in';
}

let server: ServerInProcess;
const callers = new Map<CallerName, MachineCaller>();

async function certified(memberId: string, publicKey: Buffer, privateKeyPem: string, now = Date.now()) {
  const certificatePem = await issueMemberCertificate(server.authority, { memberId, publicKey, now });
  return { certificatePem, privateKeyPem };
}

before(async () => {
  server = await openServer('Only');
  const called = {
    address: server.address,
    name: server.name,
    authorityPem: server.authority.certificatePem,
  };
  const add = (name: CallerName, credentials: TlsCredentials | undefined): void => {
    callers.set(name, callerWith(called, credentials));
  };
  const device = async (arriving = false) =>
    joinAs((await server.call('inviteDevice', {})).invitation, { arriving });
  const secondary = async (dmz = false) => joinAs((await server.call('inviteSecondary', { dmz })).invitation);

  add('none', undefined);
  const pair = makeKeyPair();
  const own = await selfSignedCertificate({ keyPair: pair, now: Date.now() });
  add('self-signed', { certificatePem: own, privateKeyPem: pair.privateKeyPem });

  const member = await device();
  add('device', member.credentials);
  const other = await createAuthority({ serverId: server.name.id, now: Date.now() });
  const foreign = { memberId: member.id, publicKey: pair.publicKey, now: Date.now() };
  add("another authority's member with a device's id", {
    certificatePem: await issueMemberCertificate(other, foreign),
    privateKeyPem: pair.privateKeyPem,
  });
  add('stranger', {
    certificatePem: await issueMemberCertificate(other, { ...foreign, memberId: randomUUID() }),
    privateKeyPem: pair.privateKeyPem,
  });
  add("a device's id with another key", await certified(member.id, pair.publicKey, pair.privateKeyPem));
  add('an id that nobody has', await certified(randomUUID(), pair.publicKey, pair.privateKeyPem));
  const leaf = { serverId: server.name.id, publicKey: pair.publicKey, addresses: [], now: Date.now() };
  add("the server's own leaf", {
    certificatePem: await issueServerCertificate(server.authority, leaf),
    privateKeyPem: pair.privateKeyPem,
  });
  add('arriving device', (await device(true)).credentials);
  add('secondary', (await secondary()).credentials);
  add('secondary in DMZ', (await secondary(true)).credentials);

  const moved = await device();
  await moved.calls.call('moved', { server: { id: randomUUID(), name: 'Elsewhere' } });
  add('moved device', moved.credentials);
  const removed = await device();
  await server.call('removeDevice', { id: removed.id });
  add('removed device', removed.credentials);
  const left = await secondary();
  await server.call('removeServer', { id: left.id });
  add('removed secondary', left.credentials);

  const [old, oldSecondary] = [await device(), await secondary()];
  const longAgo = Date.now() - CERTIFICATE_MS - 60_000;
  const later = Date.now() + CERTIFICATE_MS;
  const dated = (played: typeof old, at: number) =>
    certified(played.id, played.pair.publicKey, played.pair.privateKeyPem, at);
  add('device with an expired certificate', await dated(old, longAgo));
  add('device with a certificate of the future', await dated(old, later));
  add('secondary with an expired certificate', await dated(oldSecondary, longAgo));
  add('removed device with an expired certificate', await dated(removed, longAgo));
});

function verdictOf({ status, code }: Answered): string {
  // Let in, and then its body was no message of the protocol.
  if (status === 400 && code === 'request-invalid') return 'let in';
  return status === 403 ? String(code) : `${status} ${String(code)}`;
}

for (const route of Object.keys(MACHINE_ROUTES) as MachineRouteName[]) {
  test(`${route} lets in exactly whom the model names`, async () => {
    const answers = await Promise.all(
      CALLERS.map(async (name) => {
        const answered = await callers.get(name)!.post(MACHINE_ROUTES[route].path, '[]');
        return { name, answered, verdict: verdictOf(answered) };
      }),
    );
    assert.deepEqual(
      Object.fromEntries(answers.map(({ name, verdict }) => [name, verdict])),
      Object.fromEntries(CALLERS.map((name) => [name, expected(route, name)])),
    );
    const texts = answers.filter(({ verdict }) => verdict === 'not-a-member').map((one) => one.answered);
    assert.equal(
      new Set(texts.map(({ document }) => JSON.stringify(document))).size,
      Math.min(1, texts.length),
      'who is not let in learns nothing of why',
    );
  });
}

test('the table of the model has every route of the protocol', () => {
  assert.deepEqual(
    [...SECONDARY_ROUTES, ...DEVICE_ROUTES, 'join', 'renew'].toSorted(),
    Object.keys(MACHINE_ROUTES).toSorted(),
  );
});

test('there is no other call, and none by another method', async () => {
  const device = callers.get('device')!;
  for (const path of [
    '/',
    '/v1',
    '/v1/device',
    '/v1/device/keys/',
    '/api/v1/server',
    '/v1/../api/v1/server',
  ]) {
    assert.equal((await device.post(path, '{}')).code, 'not-found', path);
  }
  for (const method of ['GET', 'PUT', 'DELETE', 'HEAD', 'OPTIONS']) {
    const response = await device.client.request({ method, path: '/v1/device/heartbeat', timeoutMs: 10_000 });
    await response.body();
    assert.equal(response.status, 404, method);
  }
});

test('a caller more than one release apart is refused before anything is looked at, saying which to upgrade', async () => {
  const device = callers.get('device')!;
  for (const [version, says] of [
    ['3', /upgrade this side|upgrade the/],
    ['', /did not say/],
    ['1e3', /did not say/],
  ] as const) {
    const response = await device.client.request({
      method: 'POST',
      path: '/v1/device/heartbeat',
      headers: { 'content-type': 'application/json', 'keystair-protocol': version },
      body: '[]',
      timeoutMs: 10_000,
    });
    assert.equal(response.status, 426);
    assert.match((await response.body()).toString(), says);
  }
});
