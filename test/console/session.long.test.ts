/**
 * A session that ends under somebody who is at work: the form stays, a new sign-in lies over it, and the act goes on.
 * Whoever signed out, in whichever tab, leaves nothing that looks alive.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { organisation } from '#test/support/organisation.ts';
import { accessibilityFaults, closeWindow, signIn, signInAgain, SKIP } from './browser.ts';
import { type ConsoleServer, consoleServer, signedInAs } from './console-server.ts';

const place = organisation('console-session', { passwords: 'cheap' });
let oslo: ConsoleServer;

if (SKIP.skip === false)
  before(async () => {
    oslo = await consoleServer(place, 'Oslo');
  });

/** As an administrator does from elsewhere. */
async function endSessionsOf(person: string): Promise<void> {
  const { sessions } = await oslo.server.call('listSessions', { person });
  assert.ok(sessions.length > 0);
  for (const { id } of sessions) await oslo.server.call('endSession', { id });
}

void test(
  'a session that ends in the middle of a form takes nothing of it, and the act goes on',
  SKIP,
  async () => {
    const { page, setUp } = await signedInAs(oslo, 'Anna');
    // The page is not told that its session ended, so that it is the act that meets it.
    await page.route(/\/api\/v1\/events/, () => {});
    await page.goto(`${oslo.url}/people?find=nobody`);
    await page.getByRole('button', { name: 'Add…' }).click();
    const form = page.getByRole('dialog', { name: 'Add a person or a service account' });
    await form.getByLabel('Name').fill('Kari Nord');
    await endSessionsOf('Anna');
    const address = page.url();
    await form.getByRole('button', { name: 'Add', exact: true }).click();

    const again = page.getByRole('dialog', { name: 'Sign in again' });
    await again.waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    assert.equal(await page.evaluate('document.activeElement.type'), 'password');
    assert.equal(page.url(), address);
    assert.equal(await form.getByLabel('Name').inputValue(), 'Kari Nord');
    await signInAgain(page, setUp);
    await page.getByRole('dialog', { name: 'Kari Nord' }).getByText('/set-up#').waitFor();
    const { people } = await oslo.server.call('listPeople', {});
    assert.equal(people.filter(({ name }) => name === 'Kari Nord').length, 1);
    await closeWindow(page);
  },
);

void test(
  'a page notices by itself that its session ended, cannot be used behind the window, and stays',
  SKIP,
  async () => {
    const { page, setUp } = await signedInAs(oslo, 'Ben');
    await page.goto(`${oslo.url}/keys?find=plan`);
    await page.getByText('No key matches.').waitFor();
    await endSessionsOf('Ben');
    const again = page.getByRole('dialog', { name: 'Sign in again' });
    await again.waitFor();
    await page.keyboard.press('Escape');
    await page.mouse.click(5, 5);
    assert.equal(await again.isVisible(), true);
    await signInAgain(page, setUp);
    assert.equal(page.url(), `${oslo.url}/keys?find=plan`);
    const device = await place.enrol('laptop', oslo.server);
    await device.encrypt('the plan', place.path('plan.age'));
    // It hears of changes again, too.
    await page.getByLabel('Find').fill('laptop');
    await page.getByRole('cell', { name: 'laptop', exact: true }).waitFor();
    await closeWindow(page);
  },
);

void test('a new sign-in in one tab lets the other tabs go on', SKIP, async () => {
  const { page, setUp } = await signedInAs(oslo, 'Cleo');
  const other = await page.context().newPage();
  await other.goto(`${oslo.url}/devices`);
  await other.getByLabel('Find').fill('tower');
  await endSessionsOf('Cleo');
  await page.getByRole('dialog', { name: 'Sign in again' }).waitFor();
  await other.getByRole('dialog', { name: 'Sign in again' }).waitFor();
  await signInAgain(page, setUp);
  await other.getByRole('dialog', { name: 'Sign in again' }).waitFor({ state: 'detached' });
  assert.equal(await other.getByLabel('Find').inputValue(), 'tower');
  await closeWindow(page);
});

void test('signing out in one tab empties every tab at once', SKIP, async () => {
  const { page } = await signedInAs(oslo, 'Dana');
  const other = await page.context().newPage();
  await other.goto(`${oslo.url}/people`);
  await other.getByRole('cell', { name: 'Dana', exact: true }).waitFor();
  await other.getByRole('link', { name: 'Devices' }).click();
  await other.getByText('No devices yet.').or(other.getByRole('cell').first()).first().waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  for (const tab of [page, other]) {
    await tab.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
    assert.equal(await tab.getByText('Dana').count(), 0);
    assert.equal(new URL(tab.url()).pathname, '/');
  }
  await other.goBack();
  await other.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
  assert.equal(await other.getByText('Dana').count(), 0);
  await closeWindow(page);
});

void test('whoever signs in next in this browser sees nothing of the person before', SKIP, async () => {
  const { page } = await signedInAs(oslo, 'Eva');
  const { page: elsewhere, setUp: finn } = await signedInAs(oslo, 'Finn', ['Auditor']);
  await closeWindow(elsewhere);
  await page.goto(`${oslo.url}/people`);
  await page.getByRole('button', { name: 'Add…' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('somebody whom only Eva may know');
  await endSessionsOf('Eva');
  await page.getByRole('dialog', { name: 'Sign in again' }).waitFor();
  const other = await page.context().newPage();
  await signIn(other, oslo.url, 'Finn', finn);
  await page.getByText('Signed in: Finn').waitFor();
  assert.equal(await page.getByRole('dialog').count(), 0);
  await closeWindow(page);
});
