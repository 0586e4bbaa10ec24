/** Signing in, over the real listener: what lets somebody in, and what no longer does. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import {
  addPerson,
  codeAt,
  type Office,
  openOffice,
  PASSWORD,
  setUp,
  signInAs,
  tokenOf,
} from '#test/support/people-office.ts';

let office: Office;
before(async () => {
  office = await openOffice();
});

let people = 0;
const newName = (): string => `Person ${(people += 1)}`;

test('a person sets up password and codes by a link, is signed in, and signs in again', async () => {
  const added = await office.server.call('addPerson', { name: 'Anna Berg', roles: ['Help desk'] });
  assert.match(added.setupUrl!, new RegExp(`^${office.url}/set-up#[\\w-]{43}$`));
  assert.deepEqual(added.person.roles, ['Help desk']);
  const anna = await setUp(office, added.setupUrl!);
  assert.equal(anna.recoveryCodes.length, 10);
  // 140 bits, of 32 letters and digits.
  for (const code of anna.recoveryCodes) assert.match(code, /^[0-9a-z]{4}(-[0-9a-z]{4}){6}$/);
  const me = await anna.browser.done('GET /me');
  assert.deepEqual(me['person'], { id: anna.id, name: 'Anna Berg', roles: ['Help desk'] });
  assert.deepEqual(me['rights'], [
    { area: 'Key register', right: 'Read' },
    { area: 'Key reveal', right: 'Write' },
  ]);
  const browser = await signInAs(office, anna);
  assert.equal((await browser.done('GET /me')).person.name, 'Anna Berg');
  await browser.done('POST /me/sign-out', {});
  await browser.refused('not-signed-in', 'GET /me');
});

test('a set-up link works once', async () => {
  const { setupUrl } = await office.server.call('addPerson', { name: newName() });
  await setUp(office, setupUrl!);
  const token = tokenOf(setupUrl!);
  await office.browser().refused('set-up-link-invalid', 'POST /set-up', { token });
  await office
    .browser()
    .refused('set-up-link-invalid', 'POST /set-up/password', { token, password: PASSWORD });
  await office.browser().refused('set-up-link-invalid', 'POST /set-up/code', { token, code: '000000' });
});

test('the password alone opens nothing', async () => {
  const person = await addPerson(office, newName(), 'Server administrator');
  const browser = office.browser();
  await browser.done('POST /sign-in/password', { name: person.name, password: PASSWORD });
  await browser.refused('not-signed-in', 'GET /me');
  await browser.refused('not-signed-in', 'GET /people');
});

test('a code works once, and neither does the one before it any more', async () => {
  const person = await addPerson(office, newName());
  const { clock } = office.server;
  clock.aheadMs += 60_000;
  const before = codeAt(person.secret, clock() - 30_000);
  const now = codeAt(person.secret, clock());
  const next = codeAt(person.secret, clock() + 30_000);
  const signIn = async (code: string): Promise<unknown> => {
    const browser = office.browser();
    await browser.done('POST /sign-in/password', { name: person.name, password: PASSWORD });
    return (await browser.send('POST /sign-in/code', { code })).body['code'] ?? 'signed in';
  };
  // Nobody has used these; a phone's clock is a step off at most.
  for (const steps of [-2, 2])
    assert.equal(await signIn(codeAt(person.secret, clock() + steps * 30_000)), 'sign-in-failed', `${steps}`);
  assert.equal(await signIn(now), 'signed in');
  assert.equal(await signIn(now), 'sign-in-failed');
  assert.equal(await signIn(before), 'sign-in-failed');
  assert.equal(await signIn(next), 'signed in');
});

test('two who send the same code at the same moment: one is let in', async () => {
  const person = await addPerson(office, newName());
  office.server.clock.aheadMs += 60_000;
  const browsers = [office.browser(), office.browser()];
  for (const browser of browsers)
    await browser.done('POST /sign-in/password', { name: person.name, password: PASSWORD });
  const code = codeAt(person.secret, office.server.clock());
  const answers = await Promise.all(browsers.map((browser) => browser.send('POST /sign-in/code', { code })));
  assert.deepEqual(
    answers.map(({ status }) => status).toSorted((left, right) => left - right),
    [200, 401],
  );
});

test('a recovery code stands in for the code, each once', async () => {
  const person = await addPerson(office, newName());
  const [first = ''] = person.recoveryCodes;
  const signIn = async (recoveryCode: string): Promise<Record<string, unknown>> => {
    const browser = office.browser();
    await browser.done('POST /sign-in/password', { name: person.name, password: PASSWORD });
    return (await browser.send('POST /sign-in/code', { recoveryCode })).body;
  };
  assert.equal(
    (await signIn(first.toUpperCase().replaceAll('-', ' ')))['recoveryCodesLeft'],
    9,
    'however it is typed',
  );
  assert.equal((await signIn(first))['code'], 'sign-in-failed');
  assert.equal((await signIn('0000-0000-0000-0000'))['code'], 'sign-in-failed');
  await person.browser.done('POST /me/recovery-codes', {});
  assert.equal(
    (await signIn(person.recoveryCodes[1]!))['code'],
    'sign-in-failed',
    'new ones replace the old',
  );
});

test('an unknown name is refused in the words of a known one, and costs as much', async () => {
  const slow = await openOffice({ memoryKib: 32 * 1024 });
  const person = await addPerson(slow, 'Anna');
  const cost: Record<string, number[]> = { known: [], unknown: [] };
  const answers = new Set<string>();
  for (let time = 0; time < 4; time += 1) {
    for (const [which, name] of [
      ['known', person.name],
      ['unknown', 'Nobody'],
    ] as const) {
      const before = process.cpuUsage();
      const { body, headers } = await slow
        .browser()
        .send('POST /sign-in/password', { name, password: 'wrong' });
      const { user, system } = process.cpuUsage(before);
      cost[which]!.push(user + system);
      answers.add(JSON.stringify([body, headers['set-cookie'], Object.keys(headers)]));
    }
  }
  assert.deepEqual(answers.size, 1, [...answers].join(' '));
  const least = (which: string): number => Math.min(...cost[which]!);
  assert.ok(
    least('unknown') > 0.5 * least('known') && least('known') > 0.5 * least('unknown'),
    JSON.stringify(cost),
  );
});

test('a sign-in that was begun ends after five minutes, and with a reset', async () => {
  const person = await addPerson(office, newName());
  const { clock } = office.server;
  const begin = async () => {
    const browser = office.browser();
    await browser.done('POST /sign-in/password', { name: person.name, password: PASSWORD });
    return browser;
  };
  const late = await begin();
  clock.aheadMs += 5 * 60_000 + 1000;
  await late.refused('sign-in-failed', 'POST /sign-in/code', { code: codeAt(person.secret, clock()) });
  const reset = await begin();
  await office.server.call('resetPerson', { id: person.id });
  await reset.refused('sign-in-failed', 'POST /sign-in/code', { code: codeAt(person.secret, clock()) });
});

test('guesses are slowed down at their place, and the owner’s own browser is not', async () => {
  const person = await addPerson(office, newName());
  const stranger = office.browser();
  const guess = { name: person.name, password: 'a wrong one' };
  for (let time = 0; time < 4; time += 1)
    await stranger.refused('sign-in-failed', 'POST /sign-in/password', guess);
  await stranger.refused('later', 'POST /sign-in/password', guess);
  await office
    .browser()
    .refused('later', 'POST /sign-in/password', { name: person.name, password: PASSWORD });
  await signInAs(office, person, person.browser);
  const refused = await office.server.events('sign-in-refused');
  assert.deepEqual(
    refused.filter((event) => event['person'] === person.id).map(({ at, address }) => [at, address]),
    [['password', '127.0.0.1']],
    'the first is written, the others are counted',
  );
});

test('a new password ends all other sessions and half sign-ins, and the old one opens nothing', async () => {
  const person = await addPerson(office, newName());
  const other = await signInAs(office, person);
  const half = office.browser();
  await half.done('POST /sign-in/password', { name: person.name, password: PASSWORD });
  await signInAs(office, person, person.browser);
  const newPassword = 'harbour violet ladder seventeen';
  await person.browser.refused('sign-in-failed', 'POST /me/password', { password: 'wrong', newPassword });
  await person.browser.refused('password-weak', 'POST /me/password', {
    password: PASSWORD,
    newPassword: 'short',
  });
  await person.browser.done('POST /me/password', { password: PASSWORD, newPassword });
  await person.browser.done('GET /me');
  await other.refused('not-signed-in', 'GET /me');
  await half.refused('sign-in-failed', 'POST /sign-in/code', { code: '000000' });
  await office
    .browser()
    .refused('sign-in-failed', 'POST /sign-in/password', { name: person.name, password: PASSWORD });
  await office.browser().done('POST /sign-in/password', { name: person.name, password: newPassword });
});

test('the secrets of sign-in are in the bodies of requests only, and neither in the store nor in the audit log', async () => {
  const { setupUrl } = await office.server.call('addPerson', { name: newName() });
  const token = tokenOf(setupUrl!);
  const person = await setUp(office, setupUrl!);
  const { apiKey } = await office.server.call('addPerson', { name: newName(), service: true });
  await office.browser().refused('invalid-argument', `POST /set-up?token=${token}`, { token });
  const { reader } = office.server.store;
  const kinds = await reader.rowKinds();
  const rows = await Promise.all(kinds.map((kind) => reader.rows(kind as 'person')));
  const audit = await reader.auditAfter(0, 100_000);
  const kept = JSON.stringify([rows, audit.map(({ event }) => event), office.server.logged]);
  const secrets = [
    token,
    PASSWORD,
    apiKey!,
    apiKey!.slice(4),
    person.secret,
    ...person.recoveryCodes,
    ...person.recoveryCodes.map((code) => code.replaceAll('-', '')),
    ...[...person.browser.cookies.values()].flatMap((value) => value.split('.').at(-1)!),
  ];
  for (const secret of secrets) assert.ok(!kept.includes(secret), 'a secret is kept as it is');
});
