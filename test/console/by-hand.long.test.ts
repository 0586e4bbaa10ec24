/**
 * The page that the whole product began with, in a real browser on real servers: from a set-up link to the option, and
 * keys that are carried by hand from one server to another.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { organisation } from '#test/support/organisation.ts';
import { accessibilityFaults, closeWindow, newWindow, setUpBy, SKIP } from './browser.ts';

const place = organisation('console-by-hand', { passwords: 'cheap' });

async function serverWithConsole(name: string) {
  const server = await place.server(name, { args: ['--console', 'http://127.0.0.1:0'] });
  const { console: url } = await server.call('serverStatus', {});
  return { server, url: url! };
}

async function custodianAt(name: string) {
  const { server, url } = await serverWithConsole(name);
  const roles = ['Key custodian', 'Server administrator'].flatMap((role) => ['--role', role]);
  const { setupUrl } = await server.done(['people', 'add', `Anna of ${name}`, ...roles]);
  const page = await newWindow();
  const setUp = await setUpBy(page, String(setupUrl));
  return { server, url, page, setUp };
}

void test(
  'a custodian switches the option on, and carries the keys of one server to another in a file',
  SKIP,
  async () => {
    const oslo = await custodianAt('Oslo');
    const lyon = await custodianAt('Lyon');
    const device = await place.enrol('laptop', oslo.server);
    const key = await device.encrypt('the plan', place.path('plan.age'));

    const { page } = oslo;
    assert.match(await page.title(), /^Oslo/);
    await page
      .getByRole('navigation', { name: 'Main menu' })
      .getByRole('button', { name: 'Properties of Oslo' })
      .click();
    const dialog = page.getByRole('dialog', { name: 'Properties: Oslo' });
    await dialog.getByRole('tab', { name: 'Encryption algorithm' }).click();
    assert.deepEqual(await accessibilityFaults(page), []);
    const option = dialog.getByRole('switch', {
      name: 'Use hierarchy of Administration Servers to obtain encryption keys',
    });
    assert.equal(await option.isChecked(), false);
    await option.click({ force: true });
    await dialog.getByRole('button', { name: 'OK' }).click();
    await dialog.waitFor({ state: 'detached' });
    assert.equal((await oslo.server.call('showSettings', {})).useHierarchy, true);

    await page.getByRole('button', { name: 'Properties of Oslo' }).click();
    await page.getByRole('button', { name: 'Export encryption keys from Administration Server' }).click();
    const exporting = page.getByRole('dialog', { name: 'Export encryption keys' });
    await exporting.getByLabel('Password', { exact: true }).fill('wooden stairs creak at midnight 7');
    await exporting.getByLabel('Repeat password').fill('wooden stairs creak at midnight 7');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      exporting.getByRole('button', { name: 'Export', exact: true }).click(),
    ]);
    const file = place.path('carried.age');
    await download.saveAs(file);

    const there = lyon.page;
    await there.getByRole('button', { name: 'Properties of Lyon' }).click();
    await there.getByRole('button', { name: 'Import encryption keys to Administration Server' }).click();
    const importing = there.getByRole('dialog', { name: 'Import encryption keys' });
    await importing.locator('input[type=file]').setInputFiles(file);
    await importing.getByLabel('Password', { exact: true }).fill('a wrong password');
    await importing.getByRole('button', { name: 'Check' }).click();
    await importing.getByRole('alert').waitFor();
    await importing.getByLabel('Password', { exact: true }).fill('wooden stairs creak at midnight 7');
    await importing.getByRole('button', { name: 'Check' }).click();
    await importing.getByRole('button', { name: 'Import', exact: true }).click();
    await importing.getByText('Imported: 1 new keys.').waitFor();
    assert.deepEqual(await lyon.server.keyIds(), [key]);
    await closeWindow(page);
    await closeWindow(there);
  },
);

void test('what happens elsewhere shows in an open page by itself', SKIP, async () => {
  const { server, page } = await custodianAt('Bern');
  await page.getByRole('link', { name: 'Devices' }).click();
  await page.getByText('No devices yet.').waitFor();
  await place.enrol('tower-9', server);
  await page.getByText('tower-9').waitFor({ timeout: 10_000 });
  await closeWindow(page);
});
