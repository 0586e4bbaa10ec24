/** Groups at a provider give roles for the devices of some groups, as people of this server can have them. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { LIMIT_GROUPS_MAX } from '#domain/people-limits.ts';
import { readConfig } from '#server/config.ts';
import { writeMember } from '#server/members/members.ts';
import type { ProviderSettings } from '#server/people/provider-settings.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { type FalseProvider, openFalseProvider } from '#test/support/false-provider.ts';
import { type Browser, type Office, openOffice } from '#test/support/people-office.ts';
import { makeSomeKey } from '#test/support/some-key.ts';
import { someDevice } from '#test/support/some-member.ts';

const inFolder = temporaryFolder('provider-limits');
const CLIENT = 'keystair';
let folder: string;
let provider: FalseProvider;
let office: Office;
let [lyon, oslo] = ['', ''];
const keyIn: Record<string, string> = {};

before(async () => {
  folder = inFolder('files');
  mkdirSync(folder, { mode: 0o700 });
  const clientSecretFile = join(folder, 'client');
  writeFileSync(clientSecretFile, 'a secret of the client\n', { mode: 0o600 });
  provider = await openFalseProvider(CLIENT);
  const groups: Record<string, ProviderSettings['groups'][string]> = {};
  office = await openOffice({
    providers: [
      {
        id: 'office',
        name: 'The office',
        issuer: new URL(provider.issuer),
        clientId: CLIENT,
        clientSecretFile,
        scopes: ['profile'],
        groupsClaim: 'groups',
        groups,
        mayGivePeople: false,
      },
    ],
  });
  const { server } = office;
  for (const name of ['Lyon', 'Oslo', 'Bern']) {
    const { group } = await server.call('addGroup', { name });
    const device = someDevice(`PC ${name}`, { group: group.id });
    const key = makeSomeKey({ device: { id: device.id, name: device.name } });
    await server.store.write((transaction) => writeMember(server.repository.rows, transaction, device));
    await server.record(key);
    keyIn[name] = key.key.id;
    groups[`desk of ${name}`] = { role: 'Help desk', groups: [group.id] };
    if (name === 'Lyon') lyon = group.id;
    if (name === 'Oslo') oslo = group.id;
  }
  await server.call('addRole', { name: 'Log reader', rights: [{ area: 'Audit log', right: 'Read' }] });
  Object.assign(groups, {
    'desk of all': 'Help desk',
    'desk of nowhere': { role: 'Help desk', groups: [randomUUID()] },
    'desk of Lyon by name': { role: 'Help desk', groups: ['Lyon'] },
    approvers: 'Approver',
    'log of Lyon': { role: 'Log reader', groups: [lyon] },
  });
});

/** Signs in as the same person, or another; a refusal's code where they are not let in. */
async function signIn(groups: readonly string[], sub = 'marc'): Promise<Browser | string> {
  const person = { sub, name: sub, groups, auth_time: Math.floor(Date.now() / 1000) };
  Object.assign(provider, { person, says: {} });
  const browser = office.browser();
  const { url } = await browser.done('POST /sign-in/provider', { provider: 'office', fresh: true });
  const answer = { provider: 'office', answer: provider.visit(url as string) };
  const { body } = await browser.send('POST /sign-in/provider/answer', answer);
  return body.code ?? browser;
}

async function seen(browser: Browser | string): Promise<readonly string[]> {
  assert.ok(typeof browser !== 'string', JSON.stringify(browser));
  const { keys } = (await browser.done('GET /keys')) as unknown as { keys: { id: string }[] };
  return Object.keys(keyIn).filter((name) => keys.some(({ id }) => id === keyIn[name]));
}

const changes = async (): Promise<unknown[]> =>
  (await office.server.events('person-changed')).map(({ limits, limitsBefore }) => [limits, limitsBefore]);

test('a role that a group gives for some devices holds for those, and for all only where a group gives it so', async () => {
  const first = await signIn(['desk of Lyon', 'others']);
  assert.deepEqual(await seen(first), ['Lyon']);
  assert.deepEqual(await seen(await signIn(['desk of Oslo', 'desk of Lyon'])), ['Lyon', 'Oslo']);
  assert.deepEqual(await seen(first), ['Lyon', 'Oslo'], 'in open sessions too');
  for (const both of [
    ['desk of Lyon', 'desk of all'],
    ['desk of all', 'desk of Lyon'],
  ])
    assert.deepEqual(await seen(await signIn(both)), ['Lyon', 'Oslo', 'Bern'], both.join());
  assert.deepEqual(await seen(await signIn(['desk of Oslo'])), ['Oslo']);
  assert.ok(typeof first !== 'string');
  await first.refused('not-found', `GET /keys/${keyIn['Lyon']}`);
  const { person } = await office.server.call('showPerson', { id: 'marc' });
  assert.deepEqual(person.limits, [{ role: 'Help desk', groups: [{ id: oslo, name: 'Oslo' }] }]);
});

test('the audit log has each change of a limit, and no change where the provider only names the groups in another order', async () => {
  await signIn(['desk of Lyon'], 'nils');
  const before = await changes();
  const added = (await office.server.events('person-added')).at(-1);
  assert.deepEqual(added?.['limits'], { 'Help desk': [lyon] });
  const both = { 'Help desk': [lyon, oslo].toSorted() };
  await signIn(['desk of Lyon', 'desk of Oslo'], 'nils');
  await signIn(['desk of Oslo', 'desk of Lyon'], 'nils');
  await signIn(['desk of all'], 'nils');
  assert.deepEqual((await changes()).slice(before.length), [
    [both, { 'Help desk': [lyon] }],
    [undefined, both],
  ]);
});

test('a group that is not there by its id gives no device, and a limited role without a right over devices gives nothing', async () => {
  for (const group of ['desk of nowhere', 'desk of Lyon by name']) {
    const browser = await signIn([group], group);
    assert.ok(typeof browser !== 'string');
    await browser.refused('not-allowed', 'GET /keys');
  }
  assert.equal(await signIn(['log of Lyon'], 'laura'), 'sign-in-failed');
});

test('a group that a provider’s person is limited to is not removed', async () => {
  await signIn(['desk of Lyon'], 'olga');
  await assert.rejects(office.server.call('removeGroup', { id: lyon, contents: 'move-up' }), {
    code: 'group-in-use',
  });
});

test('a request for approval ends with the sign-in that limits its author to fewer groups', async () => {
  await signIn(['approvers'], 'petra');
  await office.server.call('setApprovalRule', { act: 'keys.reveal', approvers: 1 });
  const browser = await signIn(['desk of Lyon', 'desk of Oslo'], 'quentin');
  assert.ok(typeof browser !== 'string');
  const { details } = await browser.refused('approval-needed', `POST /keys/${keyIn['Lyon']}/reveal`, {
    reason: 'ticket 4711',
  });
  const { approval } = details as { approval: string };
  const state = async () => (await office.server.call('showApproval', { id: approval })).approval.state;
  await signIn(['desk of Oslo', 'desk of Lyon'], 'quentin');
  assert.equal(await state(), 'waiting');
  await signIn(['desk of Oslo'], 'quentin');
  assert.equal(await state(), 'lapsed');
});

test('the configuration names a role for a group, or a role and the groups to which it is limited, but not too many', () => {
  const read = (groups: object): ProviderSettings['groups'] => {
    const named = { id: 'office', name: 'The office', issuer: 'https://login.example', clientId: CLIENT };
    const path = join(folder, 'config.json');
    const providers = [{ ...named, clientSecretFile: '/secret', groups }];
    writeFileSync(path, JSON.stringify({ people: { providers } }));
    return readConfig({ data: folder, config: path }).providers[0]!.groups;
  };
  const ids = (from: number, count: number): string[] =>
    Array.from({ length: count }, (_, at) => `${from + at}`);
  const good = { a: 'Auditor', b: { role: 'Help desk', groups: ids(0, LIMIT_GROUPS_MAX) } };
  assert.deepEqual(read(good), good);
  for (const bad of [
    { a: { role: 'Help desk' } },
    { a: { role: 'Help desk', groups: [] } },
    { a: { role: 'Help desk', groups: ['x'], limit: 'y' } },
    { a: { role: 'Help desk', groups: ids(0, LIMIT_GROUPS_MAX + 1) } },
    { ...good, c: { role: 'help desk', groups: ids(LIMIT_GROUPS_MAX, 1) } },
  ])
    assert.throws(() => read(bad), { code: 'invalid-argument' }, JSON.stringify(bad));
});
