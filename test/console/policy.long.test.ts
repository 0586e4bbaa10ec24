/**
 * The policy of a group on its page: what it inherits is shown, what would change is told before OK, what is locked above
 * cannot be changed, and what somebody else changed meanwhile is not overwritten unseen.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { joinServers, organisation } from '#test/support/organisation.ts';
import { closeWindow, newWindow, SKIP, signIn } from './browser.ts';
import { type ConsoleServer, consoleServer, signedInAs, type SignedIn } from './console-server.ts';
import { look, LOOKS } from './look.ts';

const place = organisation('console-policy', { passwords: 'cheap' });
let head: ConsoleServer;
let anna: SignedIn;
/** May see policies, and change none. */
let marc: SignedIn;
let lyon: string;

async function set(group: string, policy: object): Promise<void> {
  const file = place.path(`policy-${group}`);
  writeFileSync(file, JSON.stringify(policy));
  await head.server.done(['policies', 'set', group, '--file', file]);
}
async function policyOf(group: string): Promise<unknown> {
  return (await head.server.done(['policies', 'show', group]))['policy'];
}

if (SKIP.skip === false)
  before(async () => {
    head = await consoleServer(place, 'Headquarters');
    await place.enrol('laptop-lyon', head.server);
    lyon = (await head.server.call('addGroup', { name: 'Lyon' })).group.id;
    await head.server.done(['devices', 'set', 'laptop-lyon', '--group', 'Lyon']);
    await set('Headquarters', { headerBackup: true, proofHours: 12, locked: ['headerBackup'] });
    await joinServers(head.server, await place.server('Group holding'));
    anna = await signedInAs(head, 'Anna Berg');
    marc = await signedInAs(head, 'Marc Roux', ['Auditor']);
  });

void test(
  'a policy is set on the page of its group, after it said for how many devices something changes',
  SKIP,
  async () => {
    const { page } = anna;
    await page.getByRole('link', { name: 'Devices' }).click();
    await page.getByRole('link', { name: 'Groups' }).click();
    await page.getByRole('button', { name: 'Actions: Lyon' }).click();
    await page.getByRole('menuitem', { name: 'Its policy' }).click();
    await page.getByRole('combobox', { name: 'Fixed drives' }).click();
    await page.getByRole('option', { name: 'require encryption' }).click();
    await page.getByRole('checkbox', { name: 'Fixed drives: Locked for groups below' }).check();
    await page.getByRole('combobox', { name: 'Exceptions for removable drives' }).click();
    await page.getByRole('option', { name: 'Own list' }).click();
    await page.getByRole('button', { name: 'Add an exception' }).click();
    await page.getByLabel('Serial number or model').fill('4C530001');
    assert.ok(await page.getByRole('combobox', { name: 'Copies of drive headers in custody' }).isDisabled());
    await page.getByText('Locked by the group Headquarters').waitFor();
    await page.getByRole('button', { name: 'Look at what changes…' }).click();
    const effect = page.getByRole('dialog', { name: 'What this changes' });
    await effect.getByText('Something changes for 1 device.').waitFor();
    await effect.getByText('leave alone → require encryption').waitFor();
    assert.deepEqual(await policyOf('Lyon'), {}, 'looking changes nothing');
    await effect.getByRole('button', { name: 'OK' }).click();
    await effect.waitFor({ state: 'hidden' });
    assert.deepEqual(await policyOf('Lyon'), {
      fixedDrives: 'require',
      removableExceptions: [{ serial: '4C530001', rule: 'leave' }],
      locked: ['fixedDrives'],
    });
  },
);

void test(
  'what cannot be carried out is refused before it is set, and what was entered stays',
  SKIP,
  async () => {
    const { page } = anna;
    await page.getByLabel('Serial number or model').fill('');
    await page.getByRole('button', { name: 'Look at what changes…' }).click();
    await page.getByRole('alert').filter({ hasText: 'removableExceptions' }).waitFor();
    const field = page.getByRole('combobox', { name: 'Exceptions for removable drives' });
    assert.equal(await field.getAttribute('aria-invalid'), 'true', 'the setting is marked');
    await page.getByLabel('Serial number or model').fill('4C530002');
  },
);

void test('a policy that somebody else set meanwhile is not overwritten unseen', SKIP, async () => {
  const { page } = anna;
  await set('Lyon', { proofHours: 6 });
  await page.getByRole('button', { name: 'Look at what changes…' }).click();
  const effect = page.getByRole('dialog', { name: 'What this changes' });
  await effect.getByRole('button', { name: 'OK' }).click();
  await effect.getByRole('alert').waitFor();
  assert.deepEqual(await policyOf('Lyon'), { proofHours: 6 });
});

void test('what was locked above meanwhile holds up no other change', SKIP, async () => {
  const { page } = anna;
  await set('Headquarters', { proofHours: 12 });
  await set('Lyon', { headerBackup: false });
  await set('Headquarters', { headerBackup: true, proofHours: 12, locked: ['headerBackup'] });
  await page.reload();
  await page.getByText('This group says otherwise').waitFor();
  await page.getByRole('combobox', { name: 'Removable drives', exact: true }).click();
  await page.getByRole('option', { name: 'read only' }).click();
  await page.getByRole('button', { name: 'Look at what changes…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'OK' }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  assert.deepEqual(await policyOf('Lyon'), { removableDrives: 'read-only' });
});

void test(
  'the policy of the primary is taken, and left again, after the page said what that means',
  SKIP,
  async () => {
    const { page } = anna;
    const takes = async () => (await head.server.call('showSettings', {})).takePolicy;
    const option = page.getByRole('switch', { name: 'Take the policy of Group holding' });
    for (const [yes, taken] of [
      ['Take it', true],
      ['No longer take it', false],
    ] as const) {
      await option.click({ force: true });
      const asked = page.getByRole('dialog');
      await asked.getByRole('button', { name: 'Cancel' }).click();
      await asked.waitFor({ state: 'hidden' });
      assert.equal(await takes(), !taken, 'asking changes nothing');
      await option.click({ force: true });
      await asked.getByRole('button', { name: yes, exact: true }).click();
      await asked.waitFor({ state: 'hidden' });
      assert.equal(await takes(), taken);
      await page.getByRole('switch', { name: 'Take the policy of Group holding', checked: taken }).waitFor();
    }
  },
);

for (const [how, eyes] of Object.entries(LOOKS)) {
  void test(`the page of a policy can be used by everybody: ${how}`, SKIP, async () => {
    const exceptions = [{ serial: '4C530001230115104052', rule: 'leave', remark: 'camera of the workshop' }];
    await set('Lyon', {
      fixedDrives: 'require',
      removableExceptions: exceptions,
      encryptedFolders: ['/srv/a'],
    });
    const page = await newWindow(eyes);
    await signIn(page, head.url, 'Anna Berg', anna.setUp, eyes.language);
    await page.goto(`${head.url}/policy?group=${lyon}`);
    await page.getByRole('combobox').nth(3).waitFor();
    await look(page, 'policy', how);
    const apply = page.locator('main button').last();
    const folders = page.locator('textarea:not([aria-hidden])');
    await folders.fill('/srv/b');
    await apply.click();
    await page.getByRole('dialog').getByRole('button', { name: 'OK' }).waitFor();
    await look(page, 'policy-effect', how);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await folders.fill('/etc');
    await apply.click();
    await page.getByRole('alert').waitFor();
    await look(page, 'policy-refused', how);
    await page.goto(`${head.url}/policy`);
    await page.getByRole('combobox').nth(3).waitFor();
    await look(page, 'policy-of-root', how);
    await page.getByRole('switch').click({ force: true });
    await page.getByRole('dialog').getByRole('button').last().waitFor();
    await look(page, 'policy-taking', how);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.goto(`${head.url}/groups`);
    await page.getByRole('button', { name: /Lyon/ }).last().click();
    await page.getByRole('menuitem').last().waitFor();
    await look(page, 'groups-menu', how);
    await closeWindow(page);
  });

  void test(`a policy is looked at by somebody who may not change it: ${how}`, SKIP, async () => {
    const page = await newWindow(eyes);
    await signIn(page, head.url, 'Marc Roux', marc.setUp, eyes.language);
    await page.goto(`${head.url}/policy?group=${lyon}`);
    await page.getByRole('combobox').nth(3).waitFor();
    assert.ok(await page.getByRole('combobox').nth(3).isDisabled());
    await look(page, 'policy-read', how);
    await closeWindow(page);
  });
}
