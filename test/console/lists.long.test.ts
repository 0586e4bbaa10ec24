/**
 * Lists of a hundred thousand: one screen at a time, searched as a whole, with whatever somebody types, there again when
 * they come back, and exported as far as a search finds them.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { organisation } from '#test/support/organisation.ts';
import { makeRepository, type MadeRepository } from '../../bench/servers/make-repository.ts';
import { closeWindow, untilTrue, SKIP } from './browser.ts';
import { type ConsoleServer, consoleServer, signedInAs } from './console-server.ts';

const KEYS = 100_000;
const DEVICES = 300;
const PAGE_ROWS = 100;
/** Of the devices laptop-00000 to laptop-00999. */
const KEYS_OF_THOUSAND = KEYS / 10;

const place = organisation('console-lists', { passwords: 'cheap' });
let big: ConsoleServer;
let made: MadeRepository;

if (SKIP.skip === false)
  before(async () => {
    const data = place.path('big');
    made = await makeRepository({ data, name: 'Big', keys: KEYS, devices: DEVICES, useHierarchy: false });
    big = await consoleServer(place, 'Big');
  });

const rows = (page: Page) => page.locator('tbody tr');

async function keysPage(person: string): Promise<Page> {
  const { page } = await signedInAs(big, person);
  await page.goto(`${big.url}/keys`);
  await rows(page).first().waitFor();
  return page;
}

void test('a list of a hundred thousand shows a screen, and more when somebody asks', SKIP, async () => {
  const page = await keysPage('Anna');
  assert.equal(await rows(page).count(), PAGE_ROWS);
  await page.getByRole('button', { name: 'Show more' }).click();
  await rows(page).nth(PAGE_ROWS).waitFor();
  assert.equal(await rows(page).count(), 2 * PAGE_ROWS);
  await closeWindow(page);
});

void test(
  'a search looks at all keys, begins anew wherever the list stood, and shows exactly what it found',
  SKIP,
  async () => {
    const page = await keysPage('Ben');
    await page.getByRole('button', { name: 'Show more' }).click();
    await rows(page).nth(PAGE_ROWS).waitFor();
    // The oldest, which a list of the newest shows last.
    const { id } = made.known[0]!;
    await page.getByLabel('Find').fill(id);
    await page.getByText('laptop-00000').waitFor();
    assert.equal(await rows(page).count(), 1);
    assert.equal(await page.getByRole('button', { name: 'Show more' }).count(), 0);
    await page.getByLabel('Find').fill('no key is called like this');
    await page.getByText('No key matches.').waitFor();
    assert.equal(await rows(page).count(), 0);
    await closeWindow(page);
  },
);

void test('an export of what a search finds holds all of it, however much that is', SKIP, async () => {
  const { page } = await signedInAs(big, 'Fred');
  await page.goto(`${big.url}/overview?properties=${big.server.id}`);
  await page.getByRole('button', { name: 'Export encryption keys from Administration Server' }).click();
  const exporting = page.getByRole('dialog', { name: 'Export encryption keys' });
  const submit = exporting.getByRole('button', { name: 'Export', exact: true });
  await exporting.getByRole('radio', { name: 'Sealed to one server' }).check();
  const { recipients } = await big.server.call('serverStatus', {});
  await exporting.getByLabel('Recipient of the server').fill(recipients.at(-1)!);
  await exporting.getByRole('radio', { name: 'Keys found by a search' }).check();
  const search = exporting.getByRole('searchbox', { name: 'Keys found by a search' });
  await search.fill('no key is called like this');
  await exporting.getByText('0 keys found').waitFor();
  assert.equal(await submit.isDisabled(), true, 'there is nothing to export');
  // A thousand devices.
  await search.fill('laptop-00');
  await exporting.getByText('More than 1,000 keys found; the file will hold all of them').waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), submit.click()]);
  const file = place.path('found.age');
  await download.saveAs(file);
  const report = await big.server.done(['keys', 'import', file, '--dry-run']);
  assert.deepEqual(report, { new: 0, known: KEYS_OF_THOUSAND, conflicts: [], dryRun: true });
  await closeWindow(page);
});

void test('what is being typed is never overwritten, however slow the answers are', SKIP, async () => {
  const page = await keysPage('Cleo');
  await page.context().route(/\/api\/v1\/keys\?/, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 700));
    await route.continue().catch(() => undefined);
  });
  await page.getByLabel('Find').pressSequentially('laptop-00042', { delay: 170 });
  assert.equal(await page.getByLabel('Find').inputValue(), 'laptop-00042');
  await page.getByRole('cell', { name: 'laptop-00042' }).first().waitFor();
  await page.locator('.list[aria-busy=false]').waitFor();
  assert.equal(await page.getByLabel('Find').inputValue(), 'laptop-00042');
  assert.equal(await rows(page).count(), KEYS / 10_000);
  await page.context().unrouteAll({ behavior: 'ignoreErrors' });
  await closeWindow(page);
});

const SIGNS = '%_#/\\[](){}*?+^$.|&=;:<>"\'`~!@,';
const HOSTILE = [SIGNS, '%E0%A4%A', '../..', '\u202e', '\u0000', '😀', '\ud800', '-->', 'x'.repeat(2000)];

void test('no character in a search breaks a list', SKIP, async () => {
  const page = await keysPage('Dana');
  const find = page.getByRole('searchbox', { name: 'Find' });
  for (const [path, name] of [
    ['keys', 'laptop-'],
    ['devices', 'bench-'],
    ['audit', 'signed-in'],
  ] as const) {
    await page.goto(`${big.url}/${path}`);
    for (const text of path === 'keys' ? [...SIGNS.split(''), ...HOSTILE] : HOSTILE) {
      await find.fill(text);
      await page.waitForTimeout(300);
    }
    await find.fill('');
    await page.getByText(name).first().waitFor();
    // And from the address, as a colleague sends it.
    for (const text of ['%', '[(', '%E0%A4%A', '"', '\u202e']) {
      await page.goto(`${big.url}/${path}?find=${encodeURIComponent(text)}`);
      assert.equal(await find.inputValue(), text);
    }
    await page.goto(`${big.url}/${path}?find=%E0%A4%A&kind=nonsense&state=[&order=%00&key=%2e%2e`);
    await page.getByRole('heading', { level: 1 }).waitFor();
  }
  await closeWindow(page);
});

void test('whoever comes back finds filter, rows and place as they left them', SKIP, async () => {
  const page = await keysPage('Eva');
  await page.getByLabel('Find').fill('laptop-0');
  await page.getByRole('combobox', { name: 'Kind' }).click();
  await page.getByRole('option', { name: 'drive' }).click();
  await page.waitForURL(
    ({ searchParams: now }) => now.get('kind') === 'volume' && now.get('find') === 'laptop-0',
  );
  await page.locator('.list[aria-busy=false]').waitFor();
  await page.getByRole('button', { name: 'Show more' }).click();
  await rows(page)
    .nth(PAGE_ROWS + 50)
    .waitFor();
  await rows(page)
    .nth(PAGE_ROWS + 50)
    .scrollIntoViewIfNeeded();
  const place = await page.evaluate('scrollY');
  assert.ok(Number(place) > 500);

  await rows(page)
    .nth(PAGE_ROWS + 50)
    .getByRole('button')
    .click();
  await page.getByRole('dialog').getByText('Drive UUID').waitFor();
  await page.goBack();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate('scrollY'), place);

  await page.getByRole('link', { name: 'Devices' }).click();
  await page.getByRole('heading', { name: 'Devices' }).waitFor();
  await page.goBack();
  await rows(page)
    .nth(PAGE_ROWS + 50)
    .waitFor();
  assert.equal(await page.getByLabel('Find').inputValue(), 'laptop-0');
  assert.equal(await page.getByRole('combobox', { name: 'Kind' }).inputValue(), 'drive');
  await untilTrue(page, `Math.abs(scrollY - ${String(place)}) < 50`);

  await page.reload();
  await rows(page).first().waitFor();
  assert.equal(await page.getByLabel('Find').inputValue(), 'laptop-0');
  await closeWindow(page);
});
