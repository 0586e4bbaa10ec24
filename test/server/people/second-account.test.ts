/** One person at one provider is one person, by whatever entry of the configuration they come: nobody answers themselves. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { ProviderSettings } from '#server/people/provider-settings.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { type FalseProvider, openFalseProvider } from '#test/support/false-provider.ts';
import { type Body, type Browser, type Office, openOffice } from '#test/support/people-office.ts';
import { makeSomeKey } from '#test/support/some-key.ts';

const inFolder = temporaryFolder('second-account');
let first: FalseProvider;
let second: FalseProvider;
let third: FalseProvider;
let office: Office;
let key: string;

before(async () => {
  mkdirSync(inFolder('secret'), { mode: 0o700 });
  const clientSecretFile = join(inFolder('secret'), 'client');
  writeFileSync(clientSecretFile, 'a secret of the client\\n', { mode: 0o600 });
  [first, second, third] = await Promise.all([
    openFalseProvider('keystair'),
    openFalseProvider('keystair'),
    openFalseProvider('keystair'),
  ]);
  const provider = (id: string, issuer: string): ProviderSettings => ({
    id,
    name: id,
    issuer: new URL(issuer),
    clientId: 'keystair',
    clientSecretFile,
    scopes: [],
    groupsClaim: 'groups',
    groups: { custodians: 'Asks and answers' },
    mayGivePeople: false,
  });
  office = await openOffice({
    providers: [
      provider('first', first.issuer),
      provider('twin', first.issuer),
      provider('second', second.issuer),
      provider('third', third.issuer),
    ],
  });
  const { server } = office;
  const rights = [
    { area: 'Key reveal', right: 'Write' },
    { area: 'Approvals', right: 'Read' },
    { area: 'Approvals', right: 'Write' },
  ] as const;
  await server.call('addRole', { name: 'Asks and answers', rights: [...rights] });
  const made = makeSomeKey();
  await server.record(made);
  key = made.key.id;
});

/** A fresh sign-in of that subject through that entry. */
async function come(entry: string, at: FalseProvider, sub: string): Promise<Browser> {
  const now = Math.floor(Date.now() / 1000);
  Object.assign(at, { person: { sub, name: 'Anna', groups: ['custodians'], auth_time: now }, says: {} });
  const browser = office.browser();
  const { url } = await browser.done('POST /sign-in/provider', { provider: entry, fresh: true });
  await browser.done('POST /sign-in/provider/answer', { provider: entry, answer: at.visit(url as string) });
  return browser;
}

const idOf = async (browser: Browser): Promise<string> => (await browser.done('GET /me')).person.id;

test('the same subject of the same issuer is one person, who cannot approve what they asked for', async () => {
  const asker = await come('first', first, 'anna');
  const other = await come('first', first, 'berta');
  await office.server.call('setApprovalRule', { act: 'keys.reveal', approvers: 1 });
  const reveal = (headers: Record<string, string> = {}): ReturnType<Browser['send']> =>
    asker.send(`POST /keys/${key}/reveal`, { reason: 'ticket 4711' }, headers);
  const { details } = (await reveal()).body as Body & { details: { approval: string } };
  const line = `POST /approvals/${details.approval}/approve`;

  const again = await come('first', first, 'anna');
  const twin = await come('twin', first, 'anna');
  for (const [what, browser] of Object.entries({ asker, again, twin })) {
    assert.equal(await idOf(browser), await idOf(asker), what);
    await browser.refused('approval-refused', line, {});
  }
  assert.equal((await reveal({ 'keystair-approval': details.approval })).status, 409);
  await other.done(line, {});
  assert.equal((await reveal({ 'keystair-approval': details.approval })).status, 200);
});

test('the same subject of another issuer is somebody else', async () => {
  const [one, other] = [await come('first', first, 'carla'), await come('second', second, 'carla')];
  assert.notEqual(await idOf(one), await idOf(other));
});

test('a provider whose own description names another issuer vouches for nobody', async () => {
  const honest = third.issuer;
  Object.assign(third, { issuer: first.issuer });
  try {
    await office.browser().refused('server-unreachable', 'POST /sign-in/provider', { provider: 'third' });
  } finally {
    Object.assign(third, { issuer: honest });
  }
  await come('third', third, 'doris');
});
