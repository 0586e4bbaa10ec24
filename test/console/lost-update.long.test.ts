/**
 * Two people edit the same thing at the console: whoever saves second sees who was first and what there is now, and
 * overwrites nothing unseen.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { organisation } from '#test/support/organisation.ts';
import { accessibilityFaults, closeWindow, SKIP } from './browser.ts';
import { consoleServer, type ConsoleServer, signedInAs, type SignedIn } from './console-server.ts';

const place = organisation('console-lost-update', { passwords: 'cheap' });
let oslo: ConsoleServer;
let anna: SignedIn;

if (SKIP.skip === false)
  before(async () => {
    oslo = await consoleServer(place, 'Oslo');
    anna = await signedInAs(oslo, 'Anna Berg');
    await oslo.server.done(['people', 'add', 'Nils', '--role', 'Auditor', '--service']);
    await oslo.server.done(['roles', 'add', 'Reader', '--right', 'Key register:Read']);
  });

const FIRST = 'Owner of the data directory has changed this meanwhile';

void test(
  'the roles that somebody else gave a person are shown, and not overwritten unseen',
  SKIP,
  async () => {
    const { page } = anna;
    await page.getByRole('link', { name: 'People' }).click();
    await page.getByRole('button', { name: 'Actions: Nils' }).click();
    await page.getByRole('menuitem', { name: 'Change the roles' }).click();
    const changing = page.getByRole('dialog', { name: 'Nils' });
    const save = changing.getByRole('button', { name: 'Save' });
    await save.and(page.locator(':enabled')).waitFor();
    await oslo.server.done(['people', 'set', 'Nils', '--role', 'Help desk']);
    await changing.getByLabel('Roles').click({ force: true });
    await page.getByRole('option', { name: 'Key custodian' }).click();
    await changing.getByLabel('Roles').press('Tab');
    await save.click();
    const told = changing.getByRole('alert');
    await told.getByText(FIRST).waitFor();
    await told.getByText('The roles are now: Help desk.').waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    const rolesNow = async () => (await oslo.server.call('showPerson', { id: 'Nils' })).person.roles;
    assert.deepEqual(await rolesNow(), ['Help desk']);
    // Now it is decided on what is there.
    await save.click();
    await changing.waitFor({ state: 'detached' });
    assert.deepEqual(await rolesNow(), ['Auditor', 'Key custodian']);
  },
);

void test(
  'the rights that somebody else gave a role are shown, and not overwritten unseen',
  SKIP,
  async () => {
    const { page } = anna;
    await page.goto(`${oslo.url}/roles`);
    await page.getByRole('button', { name: 'Reader', exact: true }).click();
    const changing = page.getByRole('dialog', { name: 'Reader' });
    const save = changing.getByRole('button', { name: 'Save' });
    // The version that the change will be decided on was read.
    await save.and(page.locator(':enabled')).waitFor();
    await oslo.server.done(['roles', 'set', 'Reader', '--right', 'People:Read']);
    await changing.getByRole('checkbox', { name: 'Managed devices: Read' }).check();
    await save.click();
    const told = changing.getByRole('alert');
    await told.getByText(FIRST).waitFor();
    await told.getByText('It gives now: People: Read.').waitFor();
    assert.equal(await changing.getByRole('checkbox', { name: 'Managed devices: Read' }).isChecked(), true);
    assert.deepEqual(await accessibilityFaults(page), []);
    const rightsNow = async () =>
      (await oslo.server.call('showRole', { id: 'Reader' })).role.rights.map(({ area }) => area);
    assert.deepEqual(await rightsNow(), ['People']);
    await save.click();
    await changing.waitFor({ state: 'detached' });
    assert.deepEqual(await rightsNow(), ['Key register', 'Managed devices']);
  },
);

void test(
  'the option is switched only as it was seen: settings changed meanwhile are shown first',
  SKIP,
  async () => {
    const { page } = anna;
    await page.getByRole('button', { name: 'Properties of Oslo' }).click();
    const dialog = page.getByRole('dialog', { name: 'Properties: Oslo' });
    const option = dialog.getByRole('switch');
    await option.click({ force: true });
    await oslo.server.done(['server', 'settings', '--heartbeat', '90']);
    const ok = dialog.getByRole('button', { name: 'OK' });
    await ok.click();
    await dialog.getByRole('alert').getByText(FIRST).waitFor();
    const settings = async () => (await oslo.server.call('showSettings', {})).useHierarchy;
    assert.equal(await settings(), false);
    assert.equal(await option.isChecked(), false);
    await option.click({ force: true });
    await ok.click();
    await dialog.waitFor({ state: 'detached' });
    assert.equal(await settings(), true);
    await closeWindow(page);
  },
);
