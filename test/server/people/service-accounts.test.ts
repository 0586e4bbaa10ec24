/** Programs: a key of their own, with the rights of their roles, until its end. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { type Office, openOffice } from '#test/support/people-office.ts';

type Call = Office['server']['call'];

let office: Office;
before(async () => {
  office = await openOffice();
});

const bearer = (key: string | undefined) => ({ authorization: `Bearer ${key}`, origin: undefined });

test('a program calls with its key, without a cookie and without an origin, and needs no fresh sign-in', async () => {
  const { apiKey, person, setupUrl } = await office.server.call('addPerson', {
    name: 'Backup',
    roles: ['Server administrator'],
    service: true,
  });
  assert.match(apiKey!, /^ksk_[\w-]{43}$/);
  assert.equal(setupUrl, undefined);
  const me = await office.browser().done('GET /me', undefined, bearer(apiKey));
  assert.deepEqual([me.person.id, me['expiresAt']], [person.id, null]);
  await office.browser().done('POST /roles', { name: 'Made by a program', rights: [] }, bearer(apiKey));
  const [added] = await office.server.events('role-added');
  assert.equal(added?.['by'], `service:${person.id} Backup`);
  const listed = await office.server.call('listPeople', {});
  assert.ok(listed.people.find(({ name }) => name === 'Backup')!.lastSeenAt !== null);
});

test('a key has the rights of its roles alone', async () => {
  const { apiKey } = await office.server.call('addPerson', {
    name: 'Reader',
    roles: ['Help desk'],
    service: true,
  });
  const { details } = await office.browser().refused('not-allowed', 'GET /people', undefined, bearer(apiKey));
  assert.deepEqual(details, { area: 'People', right: 'Read' });
});

test('a key ends at its date, when the account is reset, and when it is removed', async () => {
  const { clock } = office.server;
  const call: Call = (name, request) => office.server.call(name, request);
  const asks = async (key: string | undefined) =>
    (await office.browser().send('GET /me', undefined, bearer(key))).body.code ?? 'known';
  const first = await call('addPerson', { name: 'Short', service: true, expiresMs: 3_600_000 });
  assert.equal(await asks(first.apiKey), 'known');
  clock.aheadMs += 3_600_000;
  assert.equal(await asks(first.apiKey), 'not-signed-in');
  const second = await call('resetPerson', { id: 'Short' });
  assert.equal(
    Date.parse(second.expiresAt!) - clock() > 3_500_000,
    true,
    'a new key lives as long as the old one did',
  );
  assert.equal(await asks(second.apiKey), 'known');
  assert.equal(await asks(first.apiKey), 'not-signed-in');
  await call('removePerson', { id: 'Short' });
  assert.equal(await asks(second.apiKey), 'not-signed-in');
});

test('what is no key is nobody’s', async () => {
  const { apiKey } = await office.server.call('addPerson', { name: 'Another', service: true });
  for (const authorization of [
    `Bearer ${apiKey}x`,
    `Bearer ${apiKey!.slice(0, -1)}`,
    `Bearer ${apiKey!.toLowerCase()}`,
    `bearer ${apiKey}`,
    `Basic ${apiKey}`,
    `Bearer  ${apiKey}`,
    `Bearer ksk_`,
    `Bearer ${'k'.repeat(300)}`,
    '',
  ])
    await office.browser().refused('not-signed-in', 'GET /me', undefined, { authorization });
});

test('a program has no password and no sessions, and nobody signs in under its name', async () => {
  await office.server.call('addPerson', { name: 'Robot', service: true });
  await office
    .browser()
    .refused('sign-in-failed', 'POST /sign-in/password', { name: 'Robot', password: 'x' });
  await assert.rejects(office.server.call('addPerson', { name: 'Person', expiresMs: 1000 }), {
    code: 'invalid-argument',
  });
});
