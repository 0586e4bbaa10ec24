/** Signing in through a provider: with an honest one that is not ours, and with one that lies. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { before, test } from 'node:test';
// @ts-expect-error it comes without types
import * as stranger from 'oidc-provider';
import type { ProviderSettings } from '#server/people/provider-settings.ts';
import { Providers } from '#server/people/providers.ts';
import { RegisteredPeople } from '#server/people/known-people.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { type FalseProvider, openFalseProvider, type Says } from '#test/support/false-provider.ts';
import { type Browser, type Office, openOffice } from '#test/support/people-office.ts';

interface Stranger {
  callback(): RequestListener;
}
const { Provider } = stranger as { Provider: new (issuer: string, options: object) => Stranger };

const inFolder = temporaryFolder('providers');
const CLIENT = 'keystair';
let secretFile: string;
let liar: FalseProvider;
let office: Office;

function settings(id: string, issuer: string): ProviderSettings {
  return {
    id,
    name: `The ${id}`,
    issuer: new URL(issuer),
    clientId: CLIENT,
    clientSecretFile: secretFile,
    scopes: ['profile'],
    groupsClaim: 'groups',
    groups: { auditors: 'Auditor', managers: 'Server administrator', ghosts: 'No such role' },
    mayGivePeople: false,
  };
}

before(async () => {
  const folder = inFolder('secret');
  mkdirSync(folder, { mode: 0o700 });
  secretFile = join(folder, 'client');
  writeFileSync(secretFile, 'a secret of the client\n', { mode: 0o600 });
  liar = await openFalseProvider(CLIENT);
  office = await openOffice({
    providers: [settings('liar', liar.issuer), settings('closed', 'http://127.0.0.1:9')],
  });
});

async function begin(provider = 'liar', fresh = false, browser = office.browser()) {
  const { url } = await browser.done('POST /sign-in/provider', { provider, fresh });
  return { browser, url: url as string };
}

async function signIn(
  person: Record<string, unknown>,
  says: Says = {},
  fresh = false,
): Promise<Browser | string> {
  Object.assign(liar, { person, says });
  const { browser, url } = await begin('liar', fresh);
  const body = { provider: 'liar', answer: liar.visit(url) };
  const { body: answer } = await browser.send('POST /sign-in/provider/answer', body);
  return answer.code ?? browser;
}

async function known(person: Record<string, unknown>): Promise<Browser> {
  const browser = await signIn(person);
  assert.ok(typeof browser !== 'string', JSON.stringify(browser));
  return browser;
}

test('a person of a provider is added by the first sign-in, with the roles of their groups, and known again', async () => {
  const { providers } = await office.browser().done('GET /sign-in');
  assert.deepEqual(providers, [
    { id: 'liar', name: 'The liar' },
    { id: 'closed', name: 'The closed' },
  ]);
  const first = await known({
    sub: 'a1',
    name: 'Anna',
    email: 'anna@example.org',
    groups: ['auditors', 'others'],
  });
  const me = (await first.done('GET /me')).person;
  assert.deepEqual([me.name, me.roles], ['Anna', ['Auditor']]);
  const again = await known({ sub: 'a1', name: 'Anna Other', groups: ['auditors'] });
  assert.equal((await again.done('GET /me')).person.id, me.id);
  const other = await known({ sub: 'a2', name: 'Anna', email: 'anna@example.org', groups: ['auditors'] });
  const second = (await other.done('GET /me')).person;
  assert.notEqual(second.id, me.id, 'neither a name nor an address is an identity');
  assert.equal(second.name, 'Anna (The liar)');
  const shown = await office.server.call('showPerson', { id: me.id });
  assert.equal(shown.person.provider, 'liar');
});

test('a token that is false in anything lets nobody in', async () => {
  const now = Math.floor(Date.now() / 1000);
  const person = { sub: 'b1', name: 'Berta', groups: ['auditors'] };
  for (const says of [
    { claims: { aud: 'another' } },
    { claims: { aud: [] } },
    { claims: { iss: 'https://evil.example' } },
    { claims: { nonce: 'another' } },
    { claims: { nonce: undefined } },
    { claims: { exp: now - 3600 } },
    { claims: { exp: undefined } },
    { claims: { sub: undefined } },
    { alg: 'none' },
    { alg: 'HS256' },
    { stranger: true },
  ] satisfies Says[])
    assert.equal(await signIn(person, says), 'sign-in-failed', JSON.stringify(says));
  assert.notEqual(await signIn(person), 'sign-in-failed');
});

test('an answer fits the sign-in that it was asked for: one browser, one state, once', async () => {
  Object.assign(liar, { person: { sub: 'c1', name: 'Carla', groups: ['auditors'] }, says: {} });
  const { browser, url } = await begin();
  const answer = liar.visit(url);
  const send = (from: Browser, query: string, provider = 'liar') =>
    from
      .send('POST /sign-in/provider/answer', { provider, answer: query })
      .then(({ body }) => body.code ?? 'signed in');
  assert.equal(
    await send(office.browser(), answer),
    'sign-in-failed',
    'somebody without a sign-in under way',
  );
  assert.equal(await send((await begin()).browser, answer), 'sign-in-failed', 'the sign-in of another');
  assert.equal(await send(browser, answer.replace(/state=[^&]*/, 'state=x')), 'sign-in-failed');
  assert.equal(
    await send(browser, answer.replace(/iss=[^&]*/, 'iss=https://evil.example')),
    'sign-in-failed',
  );
  assert.equal(await send(browser, answer, 'closed'), 'sign-in-failed', 'the answer of another provider');
  assert.equal(
    await send(browser, `error=access_denied&state=${new URLSearchParams(answer).get('state')}`),
    'sign-in-failed',
  );
  const half = browser.copy();
  assert.equal(await send(browser, answer), 'signed in');
  assert.equal(await send(half, answer), 'sign-in-failed');
  const late = await begin();
  office.server.clock.aheadMs += 5 * 60_000 + 1000;
  assert.equal(await send(late.browser, liar.visit(late.url)), 'sign-in-failed');
  office.server.clock.aheadMs = 0;
});

test('the address asks for a code bound to this sign-in, and carries no secret of it', async () => {
  const { url } = await begin('liar', true);
  const { searchParams } = new URL(url);
  assert.equal(searchParams.get('redirect_uri'), `${office.url}/sign-in/callback/liar`);
  assert.deepEqual(
    ['response_type', 'code_challenge_method', 'max_age', 'prompt'].map((name) => searchParams.get(name)),
    ['code', 'S256', '0', 'login'],
  );
  for (const name of ['state', 'nonce', 'code_challenge'])
    assert.equal(searchParams.get(name)!.length, 43, name);
});

test('groups give roles anew at each sign-in, the right to manage people only where the configuration says so', async () => {
  const manager = await known({ sub: 'd1', name: 'Dora', groups: ['managers', 'ghosts', '__proto__'] });
  await manager.done('GET /people');
  const { details } = await manager.refused('not-allowed', 'POST /people', { name: 'x' });
  assert.deepEqual(details, { area: 'People', right: 'Write' });
  const auditor = await known({ sub: 'd1', name: 'Dora', groups: ['auditors'] });
  assert.deepEqual((await manager.done('GET /me')).person.roles, ['Auditor'], 'in open sessions too');
  for (const groups of [[], ['others'], 'auditors', undefined])
    assert.equal(await signIn({ sub: 'd1', name: 'Dora', groups }), 'sign-in-failed', JSON.stringify(groups));
  await auditor.refused('not-signed-in', 'GET /me');
  const { person } = await office.server.call('showPerson', { id: 'Dora' });
  assert.deepEqual(person.roles, []);
  for (const change of [
    office.server.call('setPerson', { id: 'Dora', roles: ['Auditor'] }),
    office.server.call('resetPerson', { id: 'Dora' }),
  ])
    await assert.rejects(change, { code: 'invalid-argument' }, 'what the provider says is changed there');
});

test('a sign-in is fresh only if the provider says that it was made now', async () => {
  const now = Math.floor(Date.now() / 1000);
  const person = { sub: 'e1', name: 'Edna', groups: ['auditors'] };
  const stale = async (browser: Browser | string): Promise<unknown> => {
    assert.ok(typeof browser !== 'string', JSON.stringify(browser));
    return (await browser.send('POST /me/passkeys/offers', {})).body.code;
  };
  assert.equal(await stale(await signIn(person)), 'sign-in-stale', 'it did not say');
  assert.equal(await stale(await signIn({ ...person, auth_time: now - 3600 })), 'sign-in-stale');
  assert.notEqual(await stale(await signIn({ ...person, auth_time: now }, {}, true)), 'sign-in-stale');
  assert.equal(await signIn({ ...person, auth_time: now - 3600 }, {}, true), 'sign-in-failed');
  assert.equal(await signIn(person, {}, true), 'sign-in-failed', 'asked for, it must say');
});

test('a provider that was taken out of the configuration vouches for nobody any more', async () => {
  const browser = await known({ sub: 'f1', name: 'Frieda', groups: ['auditors'] });
  const [[, session] = ['', '']] = [...browser.cookies].filter(([name]) => !name.includes('device'));
  const { barrier, rows } = office.server.repository;
  const ports = { barrier, rows, store: office.server.store, clock: office.server.clock };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const without = new RegisteredPeople({ ...ports, log, providers: new Providers([], log) });
  await assert.rejects(without.bySession(session), { code: 'not-signed-in' });
});

test('a provider that is down is named, and keeps nobody from signing in otherwise', async () => {
  await office.browser().refused('server-unreachable', 'POST /sign-in/provider', { provider: 'closed' });
  await office.browser().refused('not-found', 'POST /sign-in/provider', { provider: 'none' });
});

test('a secret that other users could read is not used, and only the log says where it is', async () => {
  const own = await openOffice({ providers: [settings('liar', liar.issuer)] });
  chmodSync(secretFile, 0o640);
  try {
    const { detail } = await own
      .browser()
      .refused('password-exposed', 'POST /sign-in/provider', { provider: 'liar' });
    assert.ok(!String(detail).includes(secretFile));
    assert.equal(
      own.server.logged.find(({ event }) => event === 'provider-secret-refused')?.['path'],
      secretFile,
    );
  } finally {
    chmodSync(secretFile, 0o600);
  }
  await own.browser().done('POST /sign-in/provider', { provider: 'liar' });
});

test('a person signs in through a provider that shares no code with ours', async () => {
  const groups: Record<string, string[]> = { gerda: ['auditors'] };
  const listening = createServer();
  await new Promise<void>((ready) => listening.listen(0, '127.0.0.1', ready));
  atTheEnd(() => {
    listening.closeAllConnections();
    listening.close();
  });
  const issuer = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  const own = await openOffice({ providers: [settings('stranger', issuer)] });
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT,
        client_secret: 'a secret of the client',
        redirect_uris: [`${own.url}/sign-in/callback/stranger`],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    claims: { openid: ['sub', 'groups'], profile: ['name'] },
    conformIdTokenClaims: false,
    findAccount: (_context: unknown, sub: string) => ({
      accountId: sub,
      claims: async () => ({ sub, name: `Name of ${sub}`, groups: groups[sub] ?? [] }),
    }),
  });
  listening.on('request', provider.callback());
  const browser = own.browser();
  const { url } = await browser.done('POST /sign-in/provider', { provider: 'stranger', fresh: true });
  const answer = await throughPages(url as string, `${own.url}/`, 'gerda');
  const { person } = await browser.done('POST /sign-in/provider/answer', { provider: 'stranger', answer });
  assert.deepEqual([person.name, person.roles], ['Name of gerda', ['Auditor']]);
  await browser.done('GET /people');
});

/** A browser that fills in the pages of the provider until it is sent back. */
async function throughPages(address: string, back: string, login: string): Promise<string> {
  const cookies = new Map<string, string>();
  let [next, form] = [address, undefined as URLSearchParams | undefined];
  for (let page = 0; page < 20; page += 1) {
    const answer = await fetch(next, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie)!;
      cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    form = undefined;
    if (location !== null) {
      next = new URL(location, next).href;
      if (next.startsWith(back)) return new URL(next).search;
      continue;
    }
    const html = await answer.text();
    next = new URL(/action="([^"]+)"/.exec(html)![1]!, next).href;
    const prompt = /name="prompt" value="([^"]+)"/.exec(html)![1]!;
    form = new URLSearchParams({ prompt, ...(prompt === 'login' ? { login, password: 'x' } : {}) });
  }
  throw new Error('the provider never sent the browser back');
}
