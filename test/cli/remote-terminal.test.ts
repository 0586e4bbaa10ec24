/** Signing in at a URL on a terminal: the certificate is compared by a person, and a sign-in that is too old is made anew. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { keepLogin, readLogin } from '#cli/kept-logins.ts';
import { KeystairError } from '#domain/errors.ts';
import { PROBLEM_MEDIA_TYPE, problemOf } from '#protocol/problem.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { onTerminal, type OnTerminal, type Typed } from '#test/support/on-terminal.ts';
import { urlServer } from '#test/transport/people/url-server.ts';
import { unlessInstalled } from '#test/agent/system-tools.ts';

const inFolder = temporaryFolder('remote-terminal');
const LAUNCHER = new URL('../../bin/keystair', import.meta.url).pathname;
const SERVER = { id: '0191f3f2-0000-7000-8000-000000000001', name: 'Oslo' };
const PERSON = { id: 'p', name: 'Anna Berg', roles: [] };
const KEY = '0191f3f2-0000-7000-8000-000000000002';
const PASSWORD = 'walnut carpet engine drizzle';
const EXPIRES = '2041-01-01T00:00:00.000Z';
const skip = unlessInstalled('script');

/** A server where Anna Berg signs in, and reveals a key only with a new session. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString('utf8');
    const call = `${request.method} ${request.url?.replace('/api/v1', '')}`;
    const has = (token: string): boolean => request.headers.cookie?.includes(`=${token}`) === true;
    const give = (token: string): void =>
      void response.setHeader('set-cookie', `__Host-keystair-${SERVER.id}=${token}; Path=/; Max-Age=900`);
    if (call === 'GET /sign-in')
      return done({ server: SERVER, passkey: { possible: false, because: null }, providers: [] });
    if (call === 'POST /sign-in/password') {
      if (!body.includes(PASSWORD) || !body.includes('Anna Berg')) return refuse('sign-in-failed');
      give('half');
      return done({ next: 'one-time-code' });
    }
    if (call === 'POST /sign-in/code') {
      if (!has('half') || !body.includes('"123456"')) return refuse('sign-in-failed');
      give('fresh');
      return done({ person: PERSON, expiresAt: EXPIRES, recoveryCodesLeft: 10 });
    }
    if (!has('fresh') && !has('old')) return refuse('not-signed-in');
    if (call === 'GET /me') return done({ person: PERSON, server: SERVER, rights: [], expiresAt: EXPIRES });
    if (!has('fresh')) return refuse('sign-in-stale');
    return done({ id: KEY, material: 'the material', encoding: 'text' });
  });

  function done(document: object): void {
    response.end(JSON.stringify(document));
  }

  function refuse(code: 'sign-in-failed' | 'not-signed-in' | 'sign-in-stale'): void {
    const problem = problemOf(new KeystairError(code, 'refused'));
    response.writeHead(problem.status, { 'content-type': PROBLEM_MEDIA_TYPE }).end(JSON.stringify(problem));
  }
}

function run(state: string, args: string, answers: readonly (string | Typed)[]): Promise<OnTerminal> {
  return onTerminal(`env XDG_STATE_HOME=${inFolder(state)} ${LAUNCHER} ${args}`, answers);
}

test('a person compares the certificate, signs in, and is known from then on', { skip }, async () => {
  const server = await urlServer(answer);
  const at = `--url ${server.url}`;
  const { status, shown } = await run('anna', `login ${at}`, ['yes', 'Anna Berg', PASSWORD, '123 456']);
  assert.equal(status, 0, shown);
  assert.ok(shown.includes(server.fingerprint));
  assert.ok(!shown.includes(PASSWORD), 'the password is not shown');
  const kept = readLogin(inFolder('anna/keystair'), server.url);
  assert.equal(kept?.fingerprint, server.fingerprint);
  assert.equal(kept?.session?.cookie, `__Host-keystair-${SERVER.id}=fresh`);
  assert.equal((await run('anna', `whoami ${at}`, [])).status, 0);
});

test('a certificate that the person does not take is not pinned, and gets no password', {
  skip,
}, async () => {
  const server = await urlServer(answer);
  for (const typed of ['no', '', 'AA:'.repeat(31).concat('AA')]) {
    const { status } = await run('careful', `login --url ${server.url} --user Anna`, [typed]);
    assert.equal(status, 1);
  }
  assert.equal(server.spokenTo(), 0);
  assert.equal(readLogin(inFolder('careful/keystair'), server.url), undefined);
});

test('where the sign-in is too old, the command asks for another and goes on', { skip }, async () => {
  const server = await urlServer(answer);
  const login = {
    url: server.url,
    server: SERVER,
    fingerprint: server.fingerprint,
    session: {
      person: 'Anna Berg',
      cookie: `__Host-keystair-${SERVER.id}=old`,
      device: null,
      expiresAt: EXPIRES,
    },
  };
  const reveal = `keys reveal ${KEY} --reason x --url ${server.url}`;
  await keepLogin(inFolder('stale/keystair'), login);
  const wrong = await run('stale', reveal, ['no password of hers']);
  assert.equal(wrong.status, 1, wrong.shown);
  assert.deepEqual(readLogin(inFolder('stale/keystair'), server.url), login, 'the session stays as it was');
  const { status, shown } = await run('stale', reveal, [PASSWORD, '123456']);
  assert.equal(status, 0, shown);
  assert.match(shown, /the material/);
  const kept = readLogin(inFolder('stale/keystair'), server.url);
  assert.equal(kept?.session?.cookie, `__Host-keystair-${SERVER.id}=fresh`);
});
