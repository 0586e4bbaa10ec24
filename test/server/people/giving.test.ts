/** Giving and taking rights, over the real listener: nobody gives what they lack, and somebody can always give. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { RIGHTS } from '#domain/right.ts';
import {
  addPerson,
  type Browser,
  type Office,
  openOffice,
  setUp,
  signInAs,
} from '#test/support/people-office.ts';

type Call = Office['server']['call'];

let office: Office;
before(async () => {
  office = await openOffice();
});

let people = 0;
const newName = (): string => `Person ${(people += 1)}`;
const EXPORT = { area: 'Encryption key management', right: 'Read' } as const;
const REGISTER = { area: 'Key register', right: 'Read' } as const;

test('an administrator over the network gives what they have, and nothing else: to nobody, by no way', async () => {
  const admin = await addPerson(office, newName(), 'Server administrator');
  const { browser } = admin;
  const auditor = await browser.done('POST /people', { name: newName(), roles: ['Auditor'] });
  assert.equal(auditor['code'], undefined);
  const helper = await addPerson(office, newName(), 'Help desk');
  const custodian = await addPerson(office, newName(), 'Key custodian');
  const empty = await browser.done('POST /roles', { name: 'Empty', rights: [] });
  assert.deepEqual(empty['role'], { name: 'Empty', builtIn: false, rights: [] });
  for (const [line, body] of [
    ['POST /people', { name: newName(), roles: ['Key custodian'] }],
    ['POST /people', { name: newName(), roles: ['Help desk'], service: true }],
    [`PATCH /people/${admin.id}`, { roles: ['Server administrator', 'Key custodian'] }],
    [`PATCH /people/${helper.id}`, { roles: ['Help desk', 'Key custodian'] }],
    // The new link would make whoever has it the custodian.
    [`POST /people/${custodian.id}/reset`, {}],
    ['POST /roles', { name: 'Everything', rights: RIGHTS }],
    ['PATCH /roles/Empty', { rights: [REGISTER, EXPORT] }],
    ['POST /people', { name: newName(), roles: ['Approver'] }],
  ] as const) {
    const refused = await browser.refused('not-allowed', line, body);
    const { area } = refused['details'] as { area: string };
    assert.ok(['Encryption key management', 'Key reveal', 'Approvals'].includes(area), `${line}: ${area}`);
  }
  await browser.refused('invalid-argument', 'POST /people', { name: 'a\u202Eb' });
  // Taking away gives nothing.
  await browser.done(`PATCH /people/${custodian.id}`, { roles: [] });
  await browser.done('PATCH /roles/Empty', { rights: [REGISTER] });
  const refusals = await office.server.events('call-refused');
  assert.ok(
    refusals.some(
      ({ by, route }) => String(by) === `person:${admin.id} ${admin.name}` && route === 'addPerson',
    ),
  );
});

test('whoever lost a right, their role or their name has lost it at the next request', async () => {
  await office.server.call('addRole', { name: 'Reader', rights: [{ area: 'People', right: 'Read' }] });
  const reader = await addPerson(office, newName(), 'Reader');
  await reader.browser.done('GET /people');
  await office.server.call('setRole', { id: 'reader', rights: [] });
  const { details } = await reader.browser.refused('not-allowed', 'GET /people');
  assert.deepEqual(details, { area: 'People', right: 'Read' });
  await office.server.call('setPerson', { id: reader.name, roles: ['Auditor'] });
  await reader.browser.done('GET /people');
  await office.server.call('setPerson', { id: reader.name, roles: [] });
  await reader.browser.refused('not-allowed', 'GET /people');
  await reader.browser.done('GET /me');
  await office.server.call('removePerson', { id: reader.id });
  await reader.browser.refused('not-signed-in', 'GET /me');
});

test('a reset ends all that led to the person: sessions, password, and older links', async () => {
  const person = await addPerson(office, newName());
  const first = await office.server.call('resetPerson', { id: person.id });
  await person.browser.refused('not-signed-in', 'GET /me');
  const second = await office.server.call('resetPerson', { id: person.id });
  const token = (url: string): string => new URL(url).hash.slice(1);
  await office.browser().refused('set-up-link-invalid', 'POST /set-up', { token: token(first.setupUrl!) });
  await setUp(office, second.setupUrl!);
  office.server.clock.aheadMs += 3_600_000;
  const third = await office.server.call('resetPerson', { id: person.id });
  office.server.clock.aheadMs += 3_600_001;
  await office.browser().refused('set-up-link-invalid', 'POST /set-up', { token: token(third.setupUrl!) });
});

test('the last who can sign in and manage people stays so, whoever would change that', async () => {
  const own = await openOffice();
  const call: Call = (name, request) => own.server.call(name, request);
  const admin = await addPerson(own, 'Admin', 'Server administrator');
  // Neither of these could sign in and manage people.
  await call('addPerson', { name: 'Added', roles: ['Server administrator'] });
  await call('addPerson', { name: 'Program', roles: ['Server administrator'], service: true });
  await admin.browser.refused('last-manager', `DELETE /people/${admin.id}`);
  await admin.browser.refused('last-manager', `PATCH /people/${admin.id}`, { roles: ['Auditor'] });
  await admin.browser.refused('last-manager', `POST /people/${admin.id}/reset`, {});
  await assert.rejects(call('removePerson', { id: admin.id }), { code: 'last-manager' });
  await assert.rejects(call('setPerson', { id: admin.id, roles: [] }), { code: 'last-manager' });
  await call('addRole', { name: 'Manager', rights: [{ area: 'People', right: 'Write' }] });
  await call('setPerson', { id: admin.id, roles: ['Manager'] });
  await assert.rejects(call('setRole', { id: 'Manager', rights: [] }), { code: 'last-manager' });
  assert.equal((await admin.browser.done('GET /me')).person.name, 'Admin', 'nothing was changed');
  const second = await addPerson(own, 'Second', 'Server administrator');
  await call('removePerson', { id: admin.id });
  // The owner of the data directory is the way back in.
  assert.ok((await call('resetPerson', { id: second.id })).setupUrl);
});

test('a role that came with the server stays as it is, and one that somebody has cannot be removed', async () => {
  const call: Call = (name, request) => office.server.call(name, request);
  for (const change of [
    call('setRole', { id: 'auditor', rights: [] }),
    call('removeRole', { id: 'Auditor' }),
  ])
    await assert.rejects(change, { code: 'invalid-argument' });
  await assert.rejects(call('addRole', { name: 'AUDITOR', rights: [] }), { code: 'already-exists' });
  await call('addRole', { name: 'Held', rights: [] });
  const { person } = await call('addPerson', { name: newName(), roles: ['held'] });
  assert.deepEqual(person.roles, ['Held']);
  await assert.rejects(call('removeRole', { id: 'Held' }), { code: 'already-exists' });
  await call('removePerson', { id: person.id! });
  await call('removeRole', { id: 'Held' });
  const { roles } = await call('listRoles', {});
  const keys = ['Encryption key management', 'Key reveal'];
  for (const { name, builtIn, rights } of roles) {
    const areas = rights.map(({ area }) => area);
    const both =
      areas.includes('People') && rights.some(({ area, right }) => keys.includes(area) && right === 'Write');
    assert.ok(!builtIn || !both, name);
  }
});

test('names are one person’s, whatever their case, and free again when the person is gone', async () => {
  const call: Call = (name, request) => office.server.call(name, request);
  const { person } = await call('addPerson', { name: 'Žofie' });
  await assert.rejects(call('addPerson', { name: 'žofie' }), { code: 'already-exists' });
  await call('removePerson', { id: 'ŽOFIE' });
  const again = await call('addPerson', { name: 'žofie' });
  assert.notEqual(again.person.id, person.id);
});

test('people are listed page by page in order of name', async () => {
  const own = await openOffice();
  for (const name of ['Émile', 'zoe', 'Anna', 'Bert', 'émilie']) await own.server.call('addPerson', { name });
  const names: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await own.server.call('listPeople', { limit: 2, ...(after === undefined ? {} : { after }) });
    names.push(...page.people.map(({ name }) => name));
    if (page.next === null) break;
    after = page.next;
  }
  assert.deepEqual(names, ['Anna', 'Bert', 'Émile', 'émilie', 'zoe']);
});

test('what changes people wants a sign-in of the last minutes', async () => {
  const admin = await addPerson(office, newName(), 'Server administrator');
  office.server.clock.aheadMs += 5 * 60_000 + 1000;
  await admin.browser.done('GET /people');
  await admin.browser.refused('sign-in-stale', 'POST /people', { name: newName() });
  await signInAs(office, admin, admin.browser);
  await admin.browser.done('POST /people', { name: newName() });
});

test('people see and end their own sessions, and not those of others', async () => {
  const [one, other] = [await addPerson(office, newName()), await addPerson(office, newName())];
  const second = await signInAs(office, one);
  const { sessions } = await one.browser.done('GET /me/sessions');
  const own = sessions as { id: string; current: boolean; person: { id: string } }[];
  assert.deepEqual(new Set(own.map(({ current }) => current)), new Set([false, true]));
  const ofSecond = own.find(({ current }) => !current)!.id;
  await other.browser.refused('not-found', `DELETE /me/sessions/${ofSecond}`);
  await one.browser.done(`DELETE /me/sessions/${ofSecond}`);
  await second.refused('not-signed-in', 'GET /me');
  const listed = await office.server.call('listSessions', { person: one.name });
  assert.deepEqual(
    listed.sessions.map(({ person }) => person),
    [{ id: one.id, name: one.name }],
  );
  await office.server.call('endSession', { id: listed.sessions[0]!.id });
  await one.browser.refused('not-signed-in', 'GET /me');
});

test('a person has twenty sessions at most: the oldest ends', async () => {
  const person = await addPerson(office, newName());
  const first = person.browser.copy();
  for (let time = 0; time < 20; time += 1) await signInAs(office, person);
  await first.refused('not-signed-in', 'GET /me');
  assert.equal((await office.server.call('listSessions', { person: person.id })).sessions.length, 20);
});

test('a refusal says which right is missing, and whom to ask: by name to those alone who may see people', async () => {
  const own = await openOffice();
  const call: Call = (name, request) => own.server.call(name, request);
  const auditor = await addPerson(own, 'Auditor', 'Auditor');
  const helper = await addPerson(own, 'Helper', 'Help desk');
  const says = async (browser: Browser, line: string) =>
    (await browser.refused('not-allowed', line, {}))['nextStep'];
  assert.match(String(await says(auditor.browser, 'POST /people')), /^ask the owner of the data directory,/);
  await call('addPerson', { name: 'Root', roles: ['Server administrator'] });
  assert.match(String(await says(auditor.browser, 'POST /people')), /^ask Root,/);
  assert.doesNotMatch(String(await says(helper.browser, 'POST /people')), /Root/);
  assert.match(String(await says(auditor.browser, 'POST /devices/invitations')), /^ask Root,/);
});

test('another’s session is ended by whoever may change people, and its holder is signed out', async () => {
  const holder = await addPerson(office, newName());
  const { sessions } = await office.server.call('listSessions', {});
  const theirs = sessions.find(({ person }) => person.id === holder.id)!.id;
  for (const role of ['Auditor', 'Key custodian', 'Help desk', 'Approver']) {
    const other = await addPerson(office, newName(), role);
    await other.browser.refused('not-allowed', `DELETE /sessions/${theirs}`);
  }
  await holder.browser.done('GET /me');
  const admin = await addPerson(office, newName(), 'Server administrator');
  await admin.browser.done(`DELETE /sessions/${theirs}`);
  await holder.browser.refused('not-signed-in', 'GET /me');
  await admin.browser.refused('not-found', `DELETE /sessions/${theirs}`);
});
