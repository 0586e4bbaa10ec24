/**
 * A second pair of eyes in two real browsers: the help desk asks for a key's material, somebody else approves it, and
 * the same act then goes, once. And what somebody without a right sees, and is told to do.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { organisation, type Server } from '#test/support/organisation.ts';
import { accessibilityFaults, closeWindow, newWindow, setUpBy, SKIP } from './browser.ts';

const place = organisation('console-approval', { passwords: 'cheap' });
let server: Server;
let url: string;
let key: string;

if (SKIP.skip === false)
  before(async () => {
    server = await place.server('Oslo', { args: ['--console', 'http://127.0.0.1:0'] });
    url = (await server.call('serverStatus', {})).console!;
    const device = await place.enrol('laptop', server);
    key = await device.encrypt('the plan', place.path('plan.age'));
  });

async function signedInAs(name: string, role: string) {
  const { setupUrl } = await server.done(['people', 'add', name, '--role', role]);
  const page = await newWindow();
  await setUpBy(page, String(setupUrl));
  return page;
}

void test('what one person may not see alone, two people in two browsers see once', SKIP, async () => {
  const kari = await signedInAs('Kari', 'Help desk');
  const ben = await signedInAs('Ben', 'Approver');
  await server.done(['approvals', 'rules', 'set', 'keys.reveal', '--approvers', '1']);
  const asks = async () => {
    await kari.goto(`${url}/keys?key=${key}`);
    await kari.getByRole('button', { name: 'Show the material…' }).click();
    await kari.getByLabel('Reason').fill('ticket 4711');
    await kari.getByRole('button', { name: 'Show', exact: true }).click();
  };
  await asks();
  await kari.getByText('Your request is waiting.').waitFor();
  assert.deepEqual(await accessibilityFaults(kari), []);

  await ben.getByRole('link', { name: 'Approvals' }).click();
  await ben.getByRole('button', { name: 'Show the material of a key' }).click();
  await ben.getByText('"ticket 4711"').waitFor();
  await ben.getByRole('button', { name: 'Approve' }).click();
  await ben.getByRole('dialog').getByText('approved', { exact: true }).waitFor();

  await asks();
  const shown = await kari.locator('[data-material]').textContent();
  assert.match(shown!, /AGE-SE/);
  await kari.getByRole('button', { name: 'Hide now' }).click();
  await asks();
  await kari.getByText('Your request is waiting.').waitFor();
  assert.equal((await server.call('listApprovals', {})).approvals.at(-1)?.state, 'used');
  await closeWindow(kari);
  await closeWindow(ben);
});

void test('an import that others approve is of one file, and the console names it', SKIP, async () => {
  const [right, wrong] = ['right.age', 'wrong.age'].map((name) => place.path(name)) as [string, string];
  const password = 'wooden stairs creak at midnight 7';
  const passwordFile = place.path('password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  for (const file of [right, wrong])
    await server.done(['keys', 'export', '--out', file, '--password-file', passwordFile]);
  const kari = await signedInAs('Custodian', 'Key custodian');
  await server.done(['approvals', 'rules', 'set', 'keys.import', '--approvers', '1']);
  const asks = async (file: string) => {
    await kari.goto(`${url}/overview?properties=${server.id}&section=encryption`);
    await kari.getByRole('button', { name: 'Import encryption keys to Administration Server' }).click();
    const importing = kari.getByRole('dialog', { name: 'Import encryption keys' });
    await importing.locator('input[type=file]').setInputFiles(file);
    await importing.getByLabel('Password', { exact: true }).fill(password);
    await importing.getByRole('button', { name: 'Check' }).click();
    return importing;
  };
  const waiting = await asks(right);
  await waiting.getByText('Your request is waiting.').waitFor();
  const { approvals } = await server.call('listApprovals', { state: 'waiting', act: 'keys.import' });
  const digest = createHash('sha256').update(readFileSync(right)).digest('hex');
  assert.deepEqual(approvals[0]?.parameters, { digest });
  const emergency = ['--emergency', '--reason', 'the next test'];
  await server.done(['approvals', 'approve', approvals[0].id, ...emergency]);

  const other = await asks(wrong);
  await other.getByText('Your request is waiting.').waitFor();
  const known = await asks(right);
  await known.getByRole('button', { name: 'Import', exact: true }).waitFor();
  await closeWindow(kari);
});

void test(
  'whoever lacks a right is told which, and is claimed nothing that they may not know',
  SKIP,
  async () => {
    const page = await signedInAs('Eva', 'Help desk');
    await page.getByText('You lack the right Read on “Administration Server”.').waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    await page.getByRole('button', { name: 'Properties of Oslo' }).click();
    await page.getByRole('button', { name: 'Export encryption keys from Administration Server' }).waitFor();
    assert.equal(await page.getByText('is the root').count(), 0);
    await page.goto(`${url}/people`);
    await page.getByText('This needs the right Read on "People"').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Try again' }).count(), 0);
    await closeWindow(page);
  },
);
