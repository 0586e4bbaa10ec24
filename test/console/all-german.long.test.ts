/**
 * A German page has no English left: each page as people have it who may do everything and who may do nothing, every
 * window that a button opens, what a verification of an altered log finds, and why somebody may not approve.
 */
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { CONSOLE_PAGES } from '#protocol/people/console-pages.ts';
import { joinServers, organisation, type Server, setOption } from '#test/support/organisation.ts';
import { closeWindow, newWindow, setUpBy, type SetUp, SKIP, signIn, untilTrue } from './browser.ts';
import { ALL_ROLES } from './console-server.ts';
import { englishLeft, englishTexts } from './english-left.ts';
import { look } from './look.ts';

const SECTIONS = ['general', 'encryption', 'seals', 'backups'] as const;

/** Behind the buttons and menus of these pages; a test that opens fewer looks at less than it says. */
const WINDOWS_MIN = 12;

const place = organisation('console-all-german', { passwords: 'cheap' });
const texts = await englishTexts();
let root: Server;
let url: string;
let key: string;
const setUps = new Map<string, SetUp>();

if (SKIP.skip === false)
  before(async () => {
    root = await place.server('Wien', { args: ['--console', 'http://127.0.0.1:0'] });
    const graz = await place.server('Graz');
    const linz = await place.server('Linz');
    await setOption(true, root, graz);
    await joinServers(graz, root);
    await joinServers(linz, root, { dmz: true });
    const device = await place.enrol('laptop-1', root);
    key = await device.encrypt('der Plan', place.path('plan.age'));
    await root.done(['groups', 'add', 'Vertrieb']);
    for (const [name, roles] of [
      ['Anna', [...ALL_ROLES, 'Approver']],
      ['Eva', []],
    ] as const) {
      const { setupUrl } = await root.done([
        'people',
        'add',
        name,
        ...roles.flatMap((role) => ['--role', role]),
      ]);
      const page = await newWindow();
      setUps.set(name, await setUpBy(page, String(setupUrl)));
      await closeWindow(page);
    }
    await root.done(['approvals', 'rules', 'set', 'keys.reveal', '--approvers', '1']);
    await root.stop();
    const database = new DatabaseSync(join(root.data, 'keystair.db'));
    database.exec(`UPDATE audit SET event = replace(event, '"by"', '"bx"') WHERE seq = 3`);
    database.close();
    await root.restart();
    url = (await root.call('serverStatus', {})).console!;
  });

/** What is English where, of all that a test looked at. */
class Left {
  readonly found: Record<string, string[]> = {};
  /** Windows and menus that were opened. */
  opened = 0;

  async look(page: Page, what: string): Promise<void> {
    await page.waitForLoadState('networkidle');
    await untilTrue(page, "document.querySelector('[aria-busy=true]') === null");
    const english = await englishLeft(page, texts);
    if (english.length > 0) this.found[what] = english;
  }
}

/** Opens every window that a button here announces by its dots, and every menu, one after the other. */
async function eachWindow(page: Page, inside: Locator, what: string, left: Left): Promise<void> {
  const buttons = inside
    .locator('button:visible:not([data-disabled]):not(:disabled)')
    .filter({ hasText: /…$/ })
    // The browser's own window.
    .filter({ hasNotText: 'Datei wählen…' });
  for (let at = 0; at < (await buttons.count()); at += 1) {
    const name = await buttons.nth(at).textContent();
    const opened = await page.getByRole('dialog').count();
    await buttons.nth(at).click();
    await page.getByRole('dialog').nth(opened).waitFor();
    await left.look(page, `${what}: ${name}`);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').nth(opened).waitFor({ state: 'detached' });
    left.opened += 1;
  }
  const menu = inside.locator('button[aria-haspopup=menu]:visible').first();
  if ((await menu.count()) === 0) return;
  await menu.click();
  await page.getByRole('menu').waitFor();
  await left.look(page, `${what}: menu`);
  await page.keyboard.press('Escape');
  await page.getByRole('menu').waitFor({ state: 'detached' });
  left.opened += 1;
}

void test('no page and no window of somebody who may do everything has English left', SKIP, async () => {
  const left = new Left();
  const page = await newWindow({ language: 'de' });
  await page.goto(url);
  await page.getByLabel('Passwort', { exact: true }).waitFor();
  await left.look(page, 'sign-in');
  await signIn(page, url, 'Anna', setUps.get('Anna')!, 'de');
  for (const path of CONSOLE_PAGES) {
    await page.goto(`${url}/${path}`);
    await page.locator('main section').first().waitFor();
    await left.look(page, path);
    await eachWindow(page, page.locator('main section').first(), path, left);
  }
  for (const section of SECTIONS) {
    await page.goto(`${url}/overview?properties=${root.id}&section=${section}`);
    await page.getByRole('tabpanel').waitFor();
    await left.look(page, section);
    await eachWindow(page, page.getByRole('tabpanel'), section, left);
  }
  await page.goto(`${url}/keys?key=${key}`);
  await page.getByRole('dialog').waitFor();
  await left.look(page, 'a key');
  await page.goto(`${url}/why?key=${key}`);
  await page.getByText('Wien, dieser Server, hat den Schlüssel').waitFor();
  await left.look(page, 'why');
  await page.goto(`${url}/why?key=${randomUUID()}`);
  await page.getByText('Kein Server bis hinauf zur Wurzel').waitFor();
  await left.look(page, 'why of an unknown key');
  await page.goto(`${url}/no-such-page`);
  await page.getByText('Diese Seite gibt es nicht.').waitFor();
  await left.look(page, 'no such page');
  assert.deepEqual(left.found, {});
  assert.ok(left.opened >= WINDOWS_MIN, `only ${left.opened} windows and menus were opened`);
  await closeWindow(page);
});

void test(
  'what a verification finds, and why somebody may not approve, is said in German',
  SKIP,
  async () => {
    const left = new Left();
    const page = await newWindow({ language: 'de' });
    await signIn(page, url, 'Anna', setUps.get('Anna')!, 'de');
    await page.goto(`${url}/audit`);
    await page.getByRole('button', { name: 'Protokoll prüfen' }).click();
    await page.getByText('Das Protokoll wurde verändert').waitFor();
    await page.getByText('Zeile 3').first().waitFor();
    await left.look(page, 'verified');
    await look(page, 'verified-altered', 'german');

    await page.goto(`${url}/keys?key=${key}`);
    await page.getByRole('button', { name: 'Material zeigen…' }).click();
    await page.getByLabel('Grund').fill('Ticket 4711');
    await page.getByRole('button', { name: 'Zeigen', exact: true }).click();
    await page.getByText('Ihre Anfrage wartet.').waitFor();
    await left.look(page, 'an approval is needed');
    await page.goto(`${url}/approvals`);
    await page.getByRole('button', { name: 'Material eines Schlüssels zeigen' }).click();
    await page.getByText('Niemand beantwortet eine eigene Anfrage.').waitFor();
    await left.look(page, 'a request of one’s own');
    await look(page, 'own-request', 'german');
    assert.deepEqual(left.found, {});
    await closeWindow(page);
  },
);

void test('what somebody without a right is told has no English', SKIP, async () => {
  const left = new Left();
  const page = await newWindow({ language: 'de' });
  await signIn(page, url, 'Eva', setUps.get('Eva')!, 'de');
  for (const path of [...CONSOLE_PAGES, `overview?properties=${root.id}`]) {
    await page.goto(`${url}/${path}`);
    await page.locator('main section').first().waitFor();
    await left.look(page, path);
  }
  assert.deepEqual(left.found, {});
  await closeWindow(page);
});
