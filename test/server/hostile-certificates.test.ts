/**
 * Every hostile certificate at every route of a real server, over real TLS. Each names a member that may make the call,
 * a device or a secondary, and most are over that member's own key. A call that were let in would meet a body that no
 * route takes, and say so.
 */
import assert from 'node:assert/strict';
import { Agent, request } from 'node:https';
import { before, test } from 'node:test';
import { MACHINE_ROUTES, type MachineRouteName } from '#protocol/machine-routes.ts';
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '#protocol/version.ts';
import { issueMemberCertificate } from '#transport/authority.ts';
import { makeKeyPair } from '#transport/key-pair.ts';
import type { TlsCredentials } from '#transport/tls-context.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { joinAs, type MadeMember } from '#test/support/machine-caller.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';
import { hostileCertificates } from '#test/transport/hostile-kinds.ts';
import { NOW, serverCredentials } from '#test/transport/office.ts';

const ROUTES = Object.keys(MACHINE_ROUTES) as MachineRouteName[];
const KINDS_MIN = 24;
/** The time, and what depends on how much of the body had come. */
const VARYING = new Set(['date', 'connection', 'keep-alive']);

interface Said {
  readonly status: number;
  /** All that an attacker may compare, but for `VARYING`. */
  readonly text: string;
}

let server: ServerInProcess;
let device: MadeMember;
let secondary: MadeMember;

before(async () => {
  server = await openServer('Attacked', { aheadMs: NOW - Date.now() });
  const now = server.clock;
  device = await joinAs((await server.call('inviteDevice', {})).invitation, { now });
  secondary = await joinAs((await server.call('inviteSecondary', {})).invitation, { now });
});

function victimOf(route: MachineRouteName): MadeMember {
  return MACHINE_ROUTES[route].caller === 'secondary' ? secondary : device;
}

/** As any TLS client could call, which looks at nothing. */
function caller(credentials: Partial<TlsCredentials>): (route: MachineRouteName) => Promise<Said> {
  const [host, port] = server.address.split(':');
  const { certificatePem: cert, privateKeyPem: key } = credentials;
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  atTheEnd(() => agent.destroy());
  return (route) =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        {
          agent,
          host,
          port,
          method: 'POST',
          path: MACHINE_ROUTES[route].path,
          headers: { 'content-type': 'application/json', [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) },
          rejectUnauthorized: false,
          ...(cert === undefined ? {} : { cert, key }),
        },
        (response) => {
          const headers = Object.entries(response.headers).filter(([name]) => !VARYING.has(name));
          let body = '';
          response.setEncoding('utf8');
          response.on('data', (text: string) => (body += text));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, text: JSON.stringify([headers, body]) }),
          );
        },
      );
      outgoing.on('error', reject);
      outgoing.end('[]');
    });
}

async function ask(
  credentialsFor: (victim: MadeMember) => Partial<TlsCredentials> | Promise<Partial<TlsCredentials>>,
  routes: readonly MachineRouteName[] = ROUTES,
): Promise<Map<MachineRouteName, Said>> {
  const callers = new Map([
    [device, caller(await credentialsFor(device))],
    [secondary, caller(await credentialsFor(secondary))],
  ]);
  return new Map(
    await Promise.all(
      routes.map(async (route) => [route, await callers.get(victimOf(route))!(route)] as const),
    ),
  );
}

async function kindsFor(victim: MadeMember) {
  return hostileCertificates({
    serverId: server.name.id,
    authority: server.authority,
    credentials: await serverCredentials(server.authority, server.name.id),
    victim: { memberId: victim.id, pair: victim.pair, credentials: victim.credentials },
  });
}

/** The other kind of member: a real one, whose calls are others. */
const ofTheOtherKind = (victim: MadeMember) => (victim === device ? secondary : device).credentials;

test('every hostile certificate is refused at every route, and all hear the very same words', async (t) => {
  const [asDevice, asSecondary] = [await kindsFor(device), await kindsFor(secondary)];
  const texts = new Set<string>();
  const requireRefused = (said: Map<MachineRouteName, Said>): void => {
    for (const [route, { status, text }] of said) {
      assert.equal(status, 403, `${route}: ${text}`);
      assert.match(text, /"code\\":\\"not-a-member\\"/, route);
      texts.add(text);
    }
  };
  const names = Object.keys(asDevice);
  for (const name of names) {
    await t.test(name, async () => {
      requireRefused(await ask((victim) => (victim === device ? asDevice : asSecondary)[name]!()));
    });
  }
  await t.test('no certificate', async () => requireRefused(await ask(() => ({}))));
  const membersOnly = ROUTES.filter((route) => MACHINE_ROUTES[route].caller !== 'joiner');
  await t.test('one of the authority, for the same id and another key', async () => {
    const pair = makeKeyPair();
    const certify = async ({ id: memberId }: MadeMember) => ({
      certificatePem: await issueMemberCertificate(server.authority, {
        memberId,
        publicKey: pair.publicKey,
        now: NOW,
      }),
      privateKeyPem: pair.privateKeyPem,
    });
    requireRefused(await ask(certify, membersOnly));
  });
  await t.test("a device's at the routes of secondaries, and the reverse", async () => {
    const ownOnly = membersOnly.filter((route) => MACHINE_ROUTES[route].caller !== 'lapsed-member');
    requireRefused(await ask(ofTheOtherKind, ownOnly));
  });
  assert.ok(names.length + 3 >= KINDS_MIN, `only ${names.length} kinds`);
  assert.equal(texts.size, 1, [...texts].join('\n'));
});

test('the same harness lets in the members whose names and keys were borrowed', async () => {
  for (const [route, { text }] of await ask((victim) => victim.credentials)) {
    assert.doesNotMatch(text, /not-a-member|certificate-expired/, route);
  }
});

test('what the strangers tried is told in the audit log, and fills it with no more than a line each', async () => {
  const refused = await server.events('call-refused');
  assert.ok(refused.length > 0 && refused.length < 20, `${refused.length} lines`);
  assert.ok(refused.some(({ caller }) => caller === 'stranger'));
});
