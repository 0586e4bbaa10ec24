/** Whom the command line talks to over the network: a server that was judged, and nobody else gets a byte. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { peopleOrigin } from '#transport/address.ts';
import { readFingerprint } from '#transport/people/fingerprint.ts';
import { createPeopleClient } from '#transport/people/people-client.ts';
import { type Identification, UNKNOWN_CALLER, urlConnection } from '#transport/people/url-connection.ts';
import type { Trust } from '#transport/people/judged-connections.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { type UrlServer, urlServer } from './url-server.ts';

const inFolder = temporaryFolder('url-connection');
const DAY_MS = 24 * 60 * 60 * 1000;
const SESSION = '11111111-2222-3333-4444-555555555555';

const asked = await urlServer((_request, response) => response.end('{}'));
// OpenSSL looks there when the authorities of the system are first asked for.
process.env['SSL_CERT_FILE'] = inFolder('authority.pem');
writeFileSync(inFolder('authority.pem'), asked.office.authority.certificatePem);

function leave(url: string, trust: Partial<Trust> = {}, caller: Identification = UNKNOWN_CALLER) {
  const connection = urlConnection({
    url,
    trust: { authorities: false, fingerprint: undefined, ...trust },
    caller,
  });
  return createPeopleClient(connection)('removeSeal', { id: 'seal' });
}

/** Every answer here is `{}`, which is no status: to come so far is to have been let in. */
const LET_IN = { code: 'request-invalid' };

async function refusedUnsent(server: UrlServer, trust: Partial<Trust>): Promise<void> {
  const before = server.spokenTo();
  await assert.rejects(leave(server.url, trust), { code: 'untrusted-server' });
  assert.equal(server.spokenTo(), before);
}

test('a server whose certificate nobody vouches for gets no byte, and the refusal shows its fingerprint', async () => {
  const stranger = await urlServer((_request, response) => response.end('{}'));
  await refusedUnsent(stranger, { authorities: true });
  await assert.rejects(leave(stranger.url), {
    code: 'untrusted-server',
    details: { url: stranger.url, fingerprint: stranger.fingerprint },
  });
});

test('a pinned fingerprint lets that certificate in, and another one gets no byte', async () => {
  await assert.rejects(leave(asked.url, { fingerprint: asked.fingerprint }), LET_IN);
  const other = await urlServer((_request, response) => response.end('{}'));
  await refusedUnsent(other, { fingerprint: asked.fingerprint });
});

test('an authority of the system is enough where nothing is pinned, and not where something is', async () => {
  await assert.rejects(leave(asked.url, { authorities: true }), LET_IN);
  await refusedUnsent(asked, { fingerprint: 'AA:'.repeat(31).concat('AA') });
});

test('an authority vouches for the names in the certificate only', async () => {
  const elsewhere = await urlServer((_request, response) => response.end('{}'), {
    host: '127.0.0.2',
    office: asked.office,
  });
  await refusedUnsent(elsewhere, { authorities: true });
});

test('a pinned certificate past its dates gets no byte', async () => {
  const old = await urlServer((_request, response) => response.end('{}'), {
    now: Date.now() - 4000 * DAY_MS,
  });
  await assert.rejects(leave(old.url, { fingerprint: old.fingerprint }), { code: 'clock-problem' });
  assert.equal(old.spokenTo(), 0);
});

test('without TLS a server is asked on this machine, and under no other address', async () => {
  const plain = await urlServer((_request, response) => response.end('{}'), { secure: false });
  await assert.rejects(leave(plain.url), LET_IN);
  const good = ['http://127.0.0.1:8080', 'http://localhost:1', 'http://[::1]:8080/', 'https://keys.example'];
  for (const url of good) assert.equal(peopleOrigin(url), new URL(url).origin);
  for (const url of [
    'http://keys.example',
    'http://192.0.2.7:8080',
    'https://keys.example/people',
    'https://kari:secret@keys.example',
    'https://keys.example/?a',
    'keys.example:8444',
    'ftp://keys.example',
  ])
    assert.equal(peopleOrigin(url), undefined, url);
});

test('a request names its server as host and origin, and several share a connection', async () => {
  const server = await urlServer((_request, response) => response.end('{}'));
  const trust = { authorities: false, fingerprint: server.fingerprint };
  const client = createPeopleClient(urlConnection({ url: server.url, trust, caller: UNKNOWN_CALLER }));
  for (const seal of ['a', 'b', 'c']) await assert.rejects(client('removeSeal', { id: seal }), LET_IN);
  assert.equal(server.connections(), 1);
  for (const headers of server.seen) {
    assert.deepEqual([headers.origin, headers.host], [server.url, new URL(server.url).host]);
  }
});

test('a session is what the server last gave, under the name that belongs to it', async () => {
  let given: string[] = [];
  const server = await urlServer((_request, response) => response.setHeader('set-cookie', given).end('{}'));
  const kept: unknown[] = [];
  const caller: Identification = { headers: () => ({}), keep: (...given) => void kept.push(given) };
  const name = `__Host-keystair-${SESSION}`;
  for (const cookies of [
    ['other=1; Path=/', `${name}=to.k-en==; Path=/; Max-Age=3600; HttpOnly`],
    [`keystair-${SESSION}=planted; Path=/`],
    ['other=1'],
    [`${name}=; Path=/; Max-Age=0`, `__Host-keystair-device-${SESSION}=known; Path=/; Max-Age=9`],
  ]) {
    given = cookies;
    await assert.rejects(leave(server.url, { fingerprint: server.fingerprint }, caller), LET_IN);
  }
  assert.deepEqual(kept, [
    ['session', `${name}=to.k-en==`],
    ['session', undefined],
    ['device', `__Host-keystair-device-${SESSION}=known`],
  ]);
});

test('where nobody answers the sentence says so, and what answers without TLS is no server', async () => {
  await assert.rejects(leave('https://127.0.0.1:1'), { code: 'server-unreachable' });
  const plain = await urlServer((_request, response) => response.end('{}'), { secure: false });
  await assert.rejects(leave(plain.url.replace('http:', 'https:')), { code: 'server-unreachable' });
});

test('a fingerprint is read in every usual spelling, and nothing else is one', () => {
  const shown = Array.from({ length: 32 }, (_, at) => (at * 7).toString(16).padStart(2, '0').toUpperCase());
  const colons = shown.join(':');
  const plain = shown.join('');
  for (const text of [
    colons,
    plain,
    colons.toLowerCase(),
    shown.join(' '),
    `SHA256:${plain}`,
    `sha-256 ${colons}`,
    `sha256 Fingerprint=${colons}`,
    `  ${plain}\n`,
  ])
    assert.equal(readFingerprint(text), colons, text);
  for (const text of [
    '',
    plain.slice(2),
    `${plain}00`,
    `SHA1:${plain}`,
    plain.replace('0', 'g'),
    `${colons}:`,
  ])
    assert.equal(readFingerprint(text), undefined, text);
});
