/** A server at a URL, as the command line reaches it: by a kept login or a key, and never before it was judged. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { test } from 'node:test';
import { forgetLogin, keepLogin, type KeptLogin, listLogins, readLogin } from '#cli/kept-logins.ts';
import { connectAround } from '#cli/connect.ts';
import { PROBLEM_MEDIA_TYPE, problemOf } from '#protocol/problem.ts';
import { KeystairError } from '#domain/errors.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { refusedWith } from '#test/support/organisation.ts';
import { beginKeystair, type Ran } from '#test/support/run-keystair.ts';
import { urlServer } from '#test/transport/people/url-server.ts';

const inFolder = temporaryFolder('remote');
const SERVER = { id: '0191f3f2-0000-7000-8000-000000000001', name: 'Oslo' };
const COOKIE = `__Host-keystair-${SERVER.id}=s3ss10n`;
const KEY = 'keystair-key-4711';
writeFileSync(inFolder('key'), `${KEY}\n`, { mode: 0o600 });

const ME = { person: { id: 'p', name: 'Anna Berg', roles: [] }, server: SERVER, rights: [], expiresAt: null };

/** Answers who calls, to whoever shows the key or the session. */
const known: RequestListener = ({ headers }, response) => {
  if (headers.authorization === `Bearer ${KEY}` || headers.cookie === COOKIE)
    response.end(JSON.stringify(ME));
  else refuse(response, new KeystairError('not-signed-in', 'nobody is signed in with this request'));
};

function refuse(response: Parameters<RequestListener>[1], error: KeystairError): void {
  const problem = problemOf(error);
  response.writeHead(problem.status, { 'content-type': PROBLEM_MEDIA_TYPE }).end(JSON.stringify(problem));
}

function run(state: string, ...args: readonly string[]): Promise<Ran> {
  return beginKeystair(args, { under: ['env', '-u', 'KEYSTAIR_DATA', `XDG_STATE_HOME=${inFolder(state)}`] })
    .ended;
}

function login(url: string, fingerprint: string | null): KeptLogin {
  const session = {
    person: 'Anna Berg',
    cookie: COOKIE,
    device: null,
    expiresAt: '2041-01-01T00:00:00.000Z',
  };
  return { url, server: SERVER, fingerprint, session };
}

test('with a key and a pinned certificate a command works, and what it shows is what the server says', async () => {
  const server = await urlServer(known);
  const trusted = ['--url', server.url, '--fingerprint', server.fingerprint.toLowerCase()];
  const ran = await run('none', 'whoami', ...trusted, '--api-key-file', inFolder('key'), '--json');
  assert.deepEqual([ran.status, ran.json()], [0, ME]);
  assert.equal(server.seen[0]?.origin, server.url);
  assert.ok(!existsSync(inFolder('none')), 'nothing is kept');
});

test('a key is not sent to a server with another certificate, and not taken from a file that others read', async () => {
  const server = await urlServer(known);
  const other = await urlServer(known);
  const byKey = ['--api-key-file', inFolder('key')];
  for (const trusted of [['--fingerprint', other.fingerprint], []]) {
    const ran = await run('none', 'whoami', '--url', server.url, ...trusted, ...byKey);
    assert.match(refusedWith(ran, 'untrusted-server'), REFUSED['untrusted-server'].nothingSent);
  }
  writeFileSync(inFolder('open-key'), KEY);
  chmodSync(inFolder('open-key'), 0o644);
  const exposed = ['--fingerprint', server.fingerprint, '--api-key-file', inFolder('open-key')];
  const ran = await run('none', 'whoami', '--url', server.url, ...exposed);
  assert.doesNotMatch(refusedWith(ran, 'password-exposed'), new RegExp(KEY));
  assert.equal(server.spokenTo(), 0);
});

test('a kept login serves every command, and one that has ended names the step', async () => {
  const server = await urlServer(known);
  await keepLogin(inFolder('kept/keystair'), login(server.url, server.fingerprint));
  const ran = await run('kept', 'whoami', '--url', server.url, '--json');
  assert.deepEqual([ran.status, ran.json()], [0, ME]);
  const ended = await urlServer((request, response) => {
    request.headers.cookie = 'none';
    known(request, response);
  });
  await keepLogin(inFolder('kept/keystair'), login(ended.url, ended.fingerprint));
  const refused = await run('kept', 'keys', 'list', '--url', ended.url);
  assert.match(refusedWith(refused, 'not-signed-in'), REFUSED['not-signed-in'].ended(ended.url));
  const never = await run('kept-not', 'whoami', '--url', ended.url, '--fingerprint', ended.fingerprint);
  assert.match(refusedWith(never, 'not-signed-in'), REFUSED['not-signed-in'].nobody(ended.url));
});

test('without a terminal a sign-in that is too old is refused, with the step', async () => {
  const server = await urlServer((_request, response) =>
    refuse(response, new KeystairError('sign-in-stale', 'this wants a sign-in of the last five minutes')),
  );
  const places = { logins: inFolder('stale/keystair') };
  await keepLogin(places.logins, login(server.url, server.fingerprint));
  const { connect } = connectAround({ places, terminal: { inputIsPerson: false, say: () => undefined } });
  const client = await connect({ at: 'url', url: server.url, apiKeyFile: undefined, fingerprint: undefined });
  await assert.rejects(client('revealKey', { id: 'k', reason: 'r' }), {
    code: 'sign-in-stale',
    nextStep: REFUSED['sign-in-stale'].logIn(server.url),
  });
  assert.equal(server.seen.length, 1);
});

test('a login is a file of its owner alone, one for each URL, and goes with logout', async () => {
  const folder = inFolder('folder/keystair');
  const [one, two] = [login('https://keys.example:8444', null), login('https://[::1]:8444', 'AA')];
  await keepLogin(folder, one);
  await keepLogin(folder, { ...one, session: null });
  await keepLogin(folder, one);
  await keepLogin(folder, two);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  const files = readdirSync(folder);
  assert.equal(files.length, 2);
  for (const file of files) assert.equal(statSync(`${folder}/${file}`).mode & 0o777, 0o600);
  assert.deepEqual(readLogin(folder, one.url), one);
  assert.deepEqual(new Set(listLogins(folder).map(({ url }) => url)), new Set([one.url, two.url]));
  assert.equal(readLogin(folder, 'https://keys.example'), undefined);
  forgetLogin(folder, one.url);
  assert.deepEqual(listLogins(folder), [two]);
});

test('a login that others may read, that is a link, or that is damaged is not used', async () => {
  const url = 'https://keys.example';
  const folder = inFolder('meddled/keystair');
  await keepLogin(folder, login(url, null));
  const [file] = readdirSync(folder);
  const path = `${folder}/${file}`;
  chmodSync(path, 0o640);
  assert.throws(() => readLogin(folder, url), { code: 'data-exposed' });
  chmodSync(path, 0o600);
  for (const text of [
    '',
    '{}',
    JSON.stringify(login('https://other.example', null)),
    `"${'x'.repeat(20_000)}"`,
  ]) {
    writeFileSync(path, text);
    assert.throws(() => readLogin(folder, url), { code: 'data-damaged' });
  }
  forgetLogin(folder, url);
  symlinkSync(inFolder('key'), path);
  assert.throws(() => readLogin(folder, url), { code: 'data-exposed' });
  await assert.rejects(keepLogin(folder, login(url, null)), { code: 'data-exposed' });
  const open = inFolder('open/keystair');
  mkdirSync(open, { recursive: true });
  chmodSync(open, 0o777);
  await assert.rejects(keepLogin(open, login(url, null)), { code: 'data-exposed' });
  assert.deepEqual(listLogins(folder), []);
});

test('a logout forgets the session whatever the server says, and fails where it was not told', async () => {
  const told = await urlServer((_request, response) => response.end('{}'));
  const gone = login('https://127.0.0.1:1', 'AA');
  const folder = inFolder('out/keystair');
  await keepLogin(folder, login(told.url, told.fingerprint));
  await keepLogin(folder, gone);
  const ran = await run('out', 'logout', '--url', told.url, '--json');
  assert.deepEqual([ran.status, ran.json()], [0, {}]);
  assert.equal(told.seen[0]?.cookie, COOKIE);
  assert.match(
    refusedWith(await run('out', 'logout', '--url', gone.url), 'server-unreachable'),
    REFUSED['server-unreachable'].notTold,
  );
  assert.deepEqual(readdirSync(folder), []);
  assert.equal((await run('out', 'logout', '--url', gone.url)).status, 0, 'nothing is left to end');
});
