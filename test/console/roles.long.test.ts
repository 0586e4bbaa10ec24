/** Roles at the console: an own one made, changed and removed, and nobody gives what they lack. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { organisation } from '#test/support/organisation.ts';
import { closeWindow, newWindow, SKIP, signIn } from './browser.ts';
import { consoleServer, type ConsoleServer, signedInAs, type SignedIn } from './console-server.ts';
import { look, LOOKS } from './look.ts';

const place = organisation('console-roles', { passwords: 'cheap' });
let oslo: ConsoleServer;
let anna: SignedIn;

if (SKIP.skip === false)
  before(async () => {
    oslo = await consoleServer(place, 'Oslo');
    anna = await signedInAs(oslo, 'Anna Berg', ['Server administrator']);
  });

const rightsOf = async (name: string): Promise<string[]> => {
  const { roles } = await oslo.server.call('listRoles', {});
  const role = roles.find((one) => one.name === name);
  return (role?.rights ?? []).map(({ area, right }) => `${area}: ${right}`);
};

void test('an own role is made, changed, held and removed', SKIP, async () => {
  const { page } = anna;
  await page.getByRole('link', { name: 'People' }).click();
  await page.getByRole('link', { name: 'Roles' }).click();
  await page.getByRole('button', { name: 'Add a role…' }).click();
  const adding = page.getByRole('dialog', { name: 'Add a role' });
  await adding.getByLabel('Name').fill('Enroller');
  await adding.getByRole('checkbox', { name: 'Managed devices: Read' }).check();
  await adding.getByRole('checkbox', { name: 'Managed devices: Write' }).check();
  await adding.getByRole('button', { name: 'Save' }).click();
  const row = page.getByRole('row', { name: 'Enroller' });
  await row.getByText('nobody').waitFor();
  assert.deepEqual(await rightsOf('Enroller'), ['Managed devices: Read', 'Managed devices: Write']);

  await oslo.server.done(['people', 'add', 'Eva', '--role', 'Enroller']);
  await row.getByText('Eva').waitFor();
  await row.getByRole('button', { name: 'Enroller', exact: true }).click();
  const changing = page.getByRole('dialog', { name: 'Enroller' });
  await changing.getByText('One person has this role').waitFor();
  await changing.getByRole('checkbox', { name: 'Managed devices: Write' }).uncheck();
  await changing.getByRole('button', { name: 'Save' }).click();
  await changing.waitFor({ state: 'detached' });
  assert.deepEqual(await rightsOf('Enroller'), ['Managed devices: Read']);

  const remove = async () => {
    await row
      .getByRole('button', { name: /Enroller$/ })
      .last()
      .click();
    await page.getByRole('menuitem', { name: 'Remove…' }).click();
    await page.getByRole('button', { name: 'Remove the role' }).click();
  };
  await remove();
  await page.getByRole('alert').getByText('have the role').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await oslo.server.done(['people', 'remove', 'Eva']);
  await row.getByText('nobody').waitFor();
  await remove();
  await row.waitFor({ state: 'detached' });
});

void test('nobody gives a right that they lack, and is told why', SKIP, async () => {
  const { page } = anna;
  await page.goto(`${oslo.url}/roles`);
  await page.getByRole('button', { name: 'Add a role…' }).click();
  const box = page.getByRole('checkbox', { name: 'Key reveal: Write' });
  assert.equal(await box.isDisabled(), true);
  assert.match((await box.getAttribute('aria-description')) ?? '', /You lack this right/);
  await closeWindow(page);
});

for (const [how, eyes] of Object.entries(LOOKS)) {
  void test(`roles can be used by everybody: ${how}`, SKIP, async () => {
    const page = await newWindow(eyes);
    await signIn(page, oslo.url, 'Anna Berg', anna.setUp, eyes.language);
    await page.goto(`${oslo.url}/roles`);
    await page.getByRole('table').waitFor();
    await look(page, 'roles', how);
    await page.getByRole('button', { name: 'Key custodian', exact: true }).click();
    await page.getByRole('dialog').getByRole('checkbox').first().waitFor();
    await look(page, 'role-shown', how);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /…$/ }).first().click();
    await page.getByRole('dialog').getByRole('checkbox').first().waitFor();
    await look(page, 'role-added', how);
    await closeWindow(page);
  });
}
