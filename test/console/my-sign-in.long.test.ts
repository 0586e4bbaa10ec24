/** A person replaces the app of their one-time codes, as they would with a new phone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { organisation } from '#test/support/organisation.ts';
import { accessibilityFaults, closeWindow, codeOf, newWindow, setUpBy, SKIP } from './browser.ts';

const place = organisation('console-my-sign-in', { passwords: 'cheap' });
const STEP_MS = 30_000;

test('the app for one-time codes is replaced on the page of one’s own sign-in', SKIP, async () => {
  const server = await place.server('Oslo', { args: ['--console', 'http://127.0.0.1:0'] });
  const { setupUrl } = await server.done(['people', 'add', 'Anna Berg', '--role', 'Auditor']);
  const page = await newWindow();
  const before = await setUpBy(page, String(setupUrl));
  await page.goto(`${new URL(String(setupUrl)).origin}/me`);
  await page.getByRole('button', { name: 'Replace the app…' }).click();
  const secret = (await page.getByLabel('Secret').textContent())!.trim();
  assert.notEqual(secret, before.secret);
  assert.deepEqual(await accessibilityFaults(page), []);

  await page.getByRole('textbox', { name: 'One-time code' }).fill(codeOf(before.secret));
  await page.getByRole('button', { name: 'Finish' }).click();
  await page.getByText('the code does not fit').waitFor();
  await page.getByRole('textbox', { name: 'One-time code' }).fill(codeOf(secret));
  await page.getByRole('button', { name: 'Finish' }).click();
  await page.getByText('The new app counts from now on').waitFor();
  await closeWindow(page);

  const elsewhere = await newWindow();
  await elsewhere.goto(new URL(String(setupUrl)).origin);
  await elsewhere.getByLabel('Name', { exact: true }).fill('Anna Berg');
  await elsewhere.getByLabel('Password', { exact: true }).fill(before.password);
  await elsewhere.getByRole('button', { name: 'Sign in', exact: true }).click();
  await elsewhere.getByLabel('One-time code').fill(codeOf(secret, Date.now() + STEP_MS));
  await elsewhere.getByRole('button', { name: 'Sign in', exact: true }).click();
  await elsewhere.getByRole('heading', { name: 'Overview' }).waitFor();
  await closeWindow(elsewhere);
});
