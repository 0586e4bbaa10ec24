/**
 * What opens a server and what is left if its disk is lost, in a real browser: seals added and removed, a new data key,
 * a backup that is made and tried.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { organisation, type Server } from '#test/support/organisation.ts';
import { closeWindow, newWindow, setUpBy, type SetUp, SKIP, signIn } from './browser.ts';
import { look, LOOKS } from './look.ts';

const PASSWORD = 'wooden stairs creak at midnight 7';

const place = organisation('console-custody', { passwords: 'cheap' });
let server: Server;
let url: string;
let page: Page;
let setUp: SetUp;

async function section(name: string, on = page) {
  await on.goto(`${url}/overview?properties=${server.id}`);
  const dialog = on.getByRole('dialog', { name: 'Properties: Oslo' });
  await dialog.getByRole('tab', { name }).click();
  return dialog;
}

if (SKIP.skip === false)
  before(async () => {
    server = await place.server('Oslo', { args: ['--console', 'http://127.0.0.1:0'] });
    url = (await server.call('serverStatus', {})).console!;
    const device = await place.enrol('laptop', server);
    await device.encrypt('the plan', place.path('plan.age'));
    const roles = ['Key custodian', 'Server administrator'].flatMap((role) => ['--role', role]);
    const { setupUrl } = await server.done(['people', 'add', 'Anna Berg', ...roles]);
    page = await newWindow();
    setUp = await setUpBy(page, String(setupUrl));
  });

void test('a seal is added and removed, and the last one stays', SKIP, async () => {
  const dialog = await section('Seals and data keys');
  await dialog.getByText('opens by itself when it starts').waitFor();
  await dialog.getByRole('button', { name: 'Add a seal…' }).click();
  const adding = page.getByRole('dialog', { name: 'Add a seal' });
  await adding.getByLabel('Passphrase', { exact: true }).last().fill('password1234');
  await adding.getByText('Easy to guess').waitFor();
  await adding.getByLabel('Passphrase', { exact: true }).last().fill(PASSWORD);
  await adding.getByText('Strong.').waitFor();
  await adding.getByLabel('Repeat password').fill(PASSWORD);
  await adding.getByRole('button', { name: 'Add', exact: true }).click();
  await adding.waitFor({ state: 'detached' });
  const kinds = async () => (await server.call('listSeals', {})).seals.map(({ kind }) => kind);
  assert.deepEqual((await kinds()).toSorted(), ['key-file', 'passphrase']);

  await dialog.getByRole('button', { name: 'Remove… Passphrase' }).click();
  await page.getByRole('button', { name: 'Remove the seal' }).click();
  await dialog.getByRole('button', { name: 'Remove… Passphrase' }).waitFor({ state: 'detached' });
  assert.deepEqual(await kinds(), ['key-file']);
  await dialog.getByRole('button', { name: 'Remove… Key file' }).click();
  await page.getByRole('button', { name: 'Remove the seal' }).click();
  await page.getByRole('alert').getByText('no single seal would open').waitFor();
  assert.deepEqual(await kinds(), ['key-file']);
});

void test('recovery shares are shown once, to be given to their holders', SKIP, async () => {
  const dialog = await section('Seals and data keys');
  await dialog.getByRole('button', { name: 'Make recovery shares…' }).click();
  const making = page.getByRole('dialog', { name: 'Recovery shares' });
  await making.getByRole('button', { name: 'Make the shares' }).click();
  await making.getByText('Any 3 of these 5 shares').waitFor();
  assert.equal(await making.locator('pre').count(), 5);
  await page.keyboard.press('Escape');
  await making.getByRole('button', { name: 'Each holder has their share' }).click();
  await dialog.getByText('any 3 of 5 shares').waitFor();
});

void test('a new data key is made, and the records move to it', SKIP, async () => {
  const dialog = await section('Seals and data keys');
  await dialog.getByText('under data key number 1').waitFor();
  await dialog.getByRole('button', { name: 'Make a new data key…' }).click();
  await page.getByRole('button', { name: 'Make a new data key', exact: true }).click();
  await dialog.getByText('under data key number 2').waitFor();
  assert.equal((await server.call('serverStatus', {})).dataKey.current, 2);
});

void test('a backup is overdue until it is made, and a trial until it was told of', SKIP, async () => {
  const dialog = await section('Backups');
  await dialog.getByText('A backup is overdue').waitFor();
  await dialog.getByRole('button', { name: 'Make a backup…' }).click();
  const making = page.getByRole('dialog', { name: 'Make a backup' });
  await making.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await making.getByLabel('Repeat password').fill(PASSWORD);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    making.getByRole('button', { name: 'Make the backup' }).click(),
  ]);
  const file = place.path('oslo.backup');
  await download.saveAs(file);
  await making.getByRole('button', { name: 'Close' }).last().click();
  await dialog.getByText('by Anna Berg, with 1 key').waitFor();
  await dialog.getByText('A trial is overdue').waitFor();

  const password = place.path('password');
  writeFileSync(password, PASSWORD, { mode: 0o600 });
  await server.done(['server', 'backup', '--check', file, '--password-file', password]);
  await dialog.getByText('Nothing is overdue.').waitFor();
  await closeWindow(page);
});

for (const [how, eyes] of Object.entries(LOOKS)) {
  void test(`seals and backups can be used by everybody: ${how}`, SKIP, async () => {
    const window = await newWindow(eyes);
    await signIn(window, url, 'Anna Berg', setUp, eyes.language);
    for (const name of ['seals', 'backups']) {
      await window.goto(`${url}/overview?properties=${server.id}&section=${name}`);
      await window.getByRole('tabpanel').getByRole('heading').first().waitFor();
      await look(window, name, how);
    }
    await closeWindow(window);
  });
}
