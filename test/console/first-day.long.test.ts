/**
 * The whole first day: a set-up link, a branch that is invited from the console and joins by the command shown there, a
 * device that enrols by its command, and its key in custody at headquarters. And a branch in a DMZ, whose key comes by
 * file.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { organisation } from '#test/support/organisation.ts';
import { closeWindow, SKIP } from './browser.ts';
import { type ConsoleServer, consoleServer, signedInAs } from './console-server.ts';

const place = organisation('console-first-day', { passwords: 'cheap' });
const LAUNCHER = join(import.meta.dirname, '../../bin/keystair');
const run = promisify(execFile);
const OPTION = 'Use hierarchy of Administration Servers to obtain encryption keys';
const PASSWORD = 'wooden stairs creak at midnight 7';

/** Runs the command that a dialog shows, as an administrator who pastes it, with the folders of this test. */
async function runShown(page: Page, dialog: string, ...more: readonly string[]): Promise<void> {
  const code = page.getByRole('dialog', { name: dialog }).locator('pre');
  await code.waitFor();
  const shown = (await code.textContent())!;
  const begin = /^keystair (?:agent enrol|hierarchy join) -/.exec(shown);
  assert.ok(begin !== null, shown);
  const command = [begin[0].replace('keystair', LAUNCHER), ...more].join(' ') + shown.slice(begin[0].length);
  await run('sh', ['-c', command]);
  await page.keyboard.press('Escape');
}

async function switchOn(page: Page, { server }: ConsoleServer): Promise<void> {
  await page.getByRole('button', { name: `Properties of ${server.name}` }).click();
  const dialog = page.getByRole('dialog', { name: `Properties: ${server.name}` });
  await dialog.getByRole('tab', { name: 'Encryption algorithm' }).click();
  await dialog.getByRole('switch', { name: OPTION }).click({ force: true });
  await dialog.getByRole('button', { name: 'OK' }).click();
  await dialog.waitFor({ state: 'detached' });
}

async function joinByConsole(page: Page, branch: ConsoleServer, { dmz = false } = {}): Promise<void> {
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByRole('button', { name: 'Invite a branch' }).click();
  const dialog = page.getByRole('dialog', { name: 'Invite a branch' });
  if (dmz) await dialog.getByRole('checkbox').click();
  await dialog.getByRole('button', { name: 'Make the invitation' }).click();
  await runShown(page, 'Invite a branch', '--data', branch.server.data);
}

void test(
  'from a set-up link to a key in custody at headquarters, all through the console',
  SKIP,
  async () => {
    const root = await consoleServer(place, 'Headquarters');
    const lyon = await consoleServer(place, 'Lyon');
    const { page } = await signedInAs(root, 'Anna');
    await switchOn(page, root);
    await joinByConsole(page, lyon);
    await page.getByRole('cell', { name: 'Lyon' }).waitFor();

    const { page: there } = await signedInAs(lyon, 'Chloé');
    await page.getByText('keys are sent').first().waitFor();
    await there.getByRole('link', { name: 'Devices' }).click();
    await there.getByRole('button', { name: 'Invite a device' }).click();
    await there.getByRole('button', { name: 'Make the invitation' }).click();
    const device = place.device('laptop-1');
    await runShown(there, 'Invite a device', '--state', device.state, '--name', 'laptop-1');
    await there.getByRole('cell', { name: 'laptop-1', exact: true }).waitFor();

    const key = await device.encrypt('the plan', place.path('plan.age'));
    await lyon.server.heartbeat();
    await page.getByRole('link', { name: 'Keys' }).click();
    await page.getByRole('cell', { name: 'laptop-1' }).waitFor();
    await there.goto(`${lyon.url}/keys?key=${key}`);
    await there.getByText('acknowledged above').first().waitFor();
    await page.getByRole('link', { name: 'Why does it not open?' }).click();
    await page.locator('input[type=file]').setInputFiles(place.path('plan.age'));
    await page.getByText('has it').waitFor();
    await closeWindow(page);
    await closeWindow(there);
  },
);

void test(
  'through a link that is marked DMZ no key goes by itself; the console says so, and a file carries it',
  SKIP,
  async () => {
    const root = await consoleServer(place, 'Bern');
    const yard = await consoleServer(place, 'Yard');
    const { page } = await signedInAs(root, 'Anna');
    await switchOn(page, root);
    await joinByConsole(page, yard, { dmz: true });
    const device = await place.enrol('gate-1', yard.server);
    const key = await device.encrypt('the gate', place.path('gate.age'));
    const { page: there } = await signedInAs(yard, 'Dan');
    await yard.server.heartbeat();
    assert.deepEqual(await root.server.keyIds(), []);
    await page.getByText('DMZ').first().waitFor();
    await page.goto(`${root.url}/why`);
    await page.locator('input[type=file]').setInputFiles(place.path('gate.age'));
    await page.getByText('What to do').waitFor();

    await there.getByRole('button', { name: 'Properties of Yard' }).click();
    const properties = there.getByRole('dialog', { name: 'Properties: Yard' });
    await properties.getByText('DMZ').first().waitFor();
    await properties
      .getByRole('button', { name: 'Export encryption keys from Administration Server' })
      .click();
    const exporting = there.getByRole('dialog', { name: 'Export encryption keys' });
    await exporting.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await exporting.getByLabel('Repeat password').fill(PASSWORD);
    const [download] = await Promise.all([
      there.waitForEvent('download'),
      exporting.getByRole('button', { name: 'Export', exact: true }).click(),
    ]);
    await download.saveAs(place.path('carried.age'));

    await page.goto(`${root.url}/overview?properties=${root.server.id}`);
    await page.getByRole('button', { name: 'Import encryption keys to Administration Server' }).click();
    const importing = page.getByRole('dialog', { name: 'Import encryption keys' });
    await importing.locator('input[type=file]').setInputFiles(place.path('carried.age'));
    await importing.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await importing.getByRole('button', { name: 'Check' }).click();
    await importing.getByRole('button', { name: 'Import', exact: true }).click();
    await importing.getByText('Imported: 1').waitFor();
    assert.deepEqual(await root.server.keyIds(), [key]);
    await page.goto(`${root.url}/why`);
    await page.locator('input[type=file]').setInputFiles(place.path('gate.age'));
    await page.getByText('has it').waitFor();
    await closeWindow(page);
    await closeWindow(there);
  },
);
