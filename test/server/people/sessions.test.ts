/** Sessions and their cookies, over the real listener: when they end, and whose requests they are. */
import assert from 'node:assert/strict';
import { get } from 'node:http';
import { before, test } from 'node:test';
import {
  addPerson,
  codeAt,
  type Office,
  openOffice,
  PASSWORD,
  signInAs,
  tokenOf,
} from '#test/support/people-office.ts';

let office: Office;
before(async () => {
  office = await openOffice();
});

let people = 0;
const newName = (): string => `Person ${(people += 1)}`;

test('a cookie from before a sign-in is worth nothing after it: neither a planted one nor an older session', async () => {
  const [thief, victim] = [await addPerson(office, newName()), await addPerson(office, newName())];
  // The thief's own session is planted in the victim's browser, who then signs in.
  const planted = thief.browser.copy();
  await signInAs(office, victim, planted);
  assert.equal((await planted.done('GET /me')).person.id, victim.id);
  await thief.browser.refused('not-signed-in', 'GET /me');
  const before = planted.copy();
  await signInAs(office, victim, planted);
  await before.refused('not-signed-in', 'GET /me');
  await planted.done('GET /me');
});

test('whoever begins to sign in again and gives up stays signed in', async () => {
  const person = await addPerson(office, newName());
  await person.browser.done('POST /sign-in/password', { name: person.name, password: PASSWORD });
  assert.equal((await person.browser.done('GET /me')).person.id, person.id);
});

test('a session ends when nobody uses it for half an hour, and after twelve hours in any case', async () => {
  const { clock } = office.server;
  const idle = await addPerson(office, newName());
  clock.aheadMs += 30 * 60_000 - 1000;
  const busy = await signInAs(office, idle);
  await idle.browser.refused('not-signed-in', 'GET /me');
  for (let quarter = 1; quarter < 48; quarter += 1) {
    clock.aheadMs += 15 * 60_000;
    await busy.done('GET /me');
    await new Promise((written) => setTimeout(written, 5));
  }
  clock.aheadMs += 15 * 60_000;
  await busy.refused('not-signed-in', 'GET /me');
});

test('a clock that is set back revives no session', async () => {
  const { clock } = office.server;
  const person = await addPerson(office, newName());
  clock.aheadMs += 13 * 3_600_000;
  // What happens meanwhile is in the audit log with its time.
  await addPerson(office, newName());
  clock.aheadMs -= 12.9 * 3_600_000;
  await person.browser.refused('not-signed-in', 'GET /me');
  clock.aheadMs += 13 * 3_600_000;
});

test('a request that changes something comes from a page of ours, or with a key', async () => {
  const person = await addPerson(office, newName());
  const { host } = new URL(office.url);
  const sends = (headers: Record<string, string | undefined>) =>
    person.browser.send('POST /me/recovery-codes', {}, headers);
  for (const headers of [
    { origin: undefined },
    { origin: 'null' },
    { origin: 'https://evil.example' },
    { origin: `https://${host}` },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { host: 'evil.example' },
  ]) {
    const { status, body } = await sends(headers);
    assert.deepEqual([status, body['code']], [403, 'not-allowed'], JSON.stringify(headers));
  }
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', undefined])
    assert.notEqual((await sends({ 'content-type': type })).status, 200, String(type));
  assert.equal((await sends({})).status, 200);
  // Whoever has a cookie of ours cannot be made to sign in as somebody else.
  for (const origin of [undefined, 'null', 'https://evil.example']) {
    const body = { name: person.name, password: PASSWORD };
    const { status } = await person.browser.send('POST /sign-in/password', body, { origin });
    assert.equal(status, 403, String(origin));
  }
});

test('a cookie that comes twice, or beside a key, is nobody’s', async () => {
  const person = await addPerson(office, newName());
  const [[name, value] = ['', '']] = [...person.browser.cookies].filter(([one]) => !one.includes('device'));
  const nobody = office.browser();
  await nobody.refused('invalid-argument', 'GET /me', undefined, { cookie: `${name}=x; ${name}=${value}` });
  await nobody.refused('not-signed-in', 'GET /me', undefined, {
    cookie: `${name}=${value}`,
    authorization: 'Bearer ksk_x',
  });
  for (const broken of ['', 'x', `${value}x`, value.slice(0, -1), `half.${value}`, value.split('.')[0]!])
    await nobody.refused('not-signed-in', 'GET /me', undefined, { cookie: `${name}=${broken}` });
});

test('cookies are readable by no script, and go to no other site and no other server of the host', async () => {
  const { setupUrl } = await office.server.call('addPerson', { name: newName() });
  const browser = office.browser();
  const token = tokenOf(setupUrl!);
  const { secret } = await browser.done('POST /set-up/password', { token, password: PASSWORD });
  const { headers } = await browser.send('POST /set-up/code', {
    token,
    code: codeAt(secret, office.server.clock()),
  });
  const cookies = headers['set-cookie'] as string[];
  assert.equal(cookies.length, 2);
  for (const cookie of cookies) {
    assert.match(cookie, /; HttpOnly; SameSite=Strict$/);
    assert.match(cookie, /; Path=\/;/);
    assert.match(cookie.split('=')[0]!, new RegExp(`${office.server.name.id}$`));
  }
});

test('a link to a page of ours may stand anywhere, and leads to no call', async () => {
  const visit = {
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  };
  const ask = async (path: string, headers: Record<string, string>): Promise<number> => {
    const { promise, resolve } = Promise.withResolvers<number>();
    get(`${office.url}${path}`, { headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    });
    return promise;
  };
  assert.notEqual(await ask('/set-up', visit), 403);
  assert.equal(await ask('/set-up', { ...visit, 'sec-fetch-dest': 'iframe' }), 403);
  assert.equal(await ask('/set-up', { ...visit, 'sec-fetch-mode': 'no-cors' }), 403);
  assert.equal(await ask('/api/v1/sign-in', visit), 403);
});
