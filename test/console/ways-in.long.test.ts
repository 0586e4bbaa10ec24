/** The ways by which people sign in, in a real browser: a code of their app, a passkey, a recovery code; and what refuses. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { organisation } from '#test/support/organisation.ts';
import { accessibilityFaults, closeWindow, codeOf, newWindow, SKIP } from './browser.ts';
import { type ConsoleServer, consoleServer, signedInAs } from './console-server.ts';

const place = organisation('console-ways-in', { passwords: 'cheap' });
/** A code of the app works once; the one of the next half minute is taken early. */
const NEXT_CODE_MS = 30_000;
let oslo: ConsoleServer;

if (SKIP.skip === false)
  before(async () => {
    oslo = await consoleServer(place, 'Oslo');
  });

async function typePassword(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

void test(
  'name, password and a code of the app; a wrong one of either is refused and takes nothing away',
  SKIP,
  async () => {
    const { page: first, setUp } = await signedInAs(oslo, 'Anna');
    await closeWindow(first);
    const page = await newWindow();
    await page.goto(`${oslo.url}/devices?find=laptop`);
    await typePassword(page, 'Anna', 'not her password');
    await page.getByRole('alert').waitFor();
    assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Anna');
    assert.deepEqual(await accessibilityFaults(page), []);
    // A wrong password makes the next try wait a moment.
    await page.waitForTimeout(2000);
    await typePassword(page, 'Anna', setUp.password);
    await page.getByLabel('One-time code').fill('000000');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('alert').waitFor();
    await page.waitForTimeout(2000);
    await page.getByLabel('One-time code').fill(codeOf(setUp.secret, Date.now() + NEXT_CODE_MS));
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    // Where they wanted to go.
    await page.getByRole('heading', { name: 'Devices' }).waitFor();
    assert.equal(page.url(), `${oslo.url}/devices?find=laptop`);
    await closeWindow(page);
  },
);

void test(
  'a passkey is added, and signs in without password and code; without it nobody comes in',
  SKIP,
  async () => {
    const { page } = await signedInAs(oslo, 'Ben');
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable');
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await page.getByRole('link', { name: 'My sign-in' }).click();
    await page.getByLabel('Name of the passkey').fill('my laptop');
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByRole('cell', { name: 'my laptop' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByText('Signed in: Ben').waitFor();

    await page.getByRole('button', { name: 'Sign out' }).click();
    await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByRole('alert').waitFor();
    assert.equal(await page.getByText('Signed in:').count(), 0);
    await closeWindow(page);
  },
);
