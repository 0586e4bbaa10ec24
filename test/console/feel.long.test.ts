/**
 * How the console feels to whoever uses it: nothing jumps, no spinner flashes, everything can be reached by keyboard,
 * read at twice the size and from right to left, and times are those of the person's zone.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { eventually } from '#test/support/eventually.ts';
import { joinServers, organisation, setOption } from '#test/support/organisation.ts';
import { accessibilityFaults, closeWindow, untilTrue, SKIP } from './browser.ts';
import { type ConsoleServer, consoleServer, signedInAs } from './console-server.ts';
import { tabTo } from './keyboard.ts';

const FOLDER = process.env['KEYSTAIR_PHOTOGRAPHS'];
const PAGES = [
  'overview',
  'why',
  'keys',
  'devices',
  'approvals',
  'people',
  'audit',
  'reports',
  'me',
] as const;
/** Half of what https://web.dev/articles/cls calls good; a page that is pushed down by what comes late has 0.3. */
const SHIFT_MAX = 0.05;

const place = organisation('console-feel', { passwords: 'cheap' });
let root: ConsoleServer;
let key: string;

if (SKIP.skip === false)
  before(async () => {
    root = await consoleServer(place, 'Headquarters');
    const lyon = await place.server('Lyon');
    await setOption(true, root.server, lyon);
    await joinServers(lyon, root.server);
    const device = await place.enrol('laptop', root.server);
    key = await device.encrypt('the plan', place.path('plan.age'));
  });

async function photographed(page: Page, name: string): Promise<void> {
  if (FOLDER === undefined) return;
  mkdirSync(FOLDER, { recursive: true });
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
}

/** From when a page begins: what moved that nobody moved, and every spinner that was seen. */
const WATCHED = `
  globalThis.moved = [];
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries())
      if (!hadRecentInput)
        moved.push([value, sources.map(({ node }) => (node?.outerHTML ?? node?.textContent ?? '').slice(0, 120)).join(' | ')]);
  }).observe({ type: 'layout-shift', buffered: true });
  globalThis.spun = 0;
  document.addEventListener('DOMContentLoaded', () => {
    const look = () => {
      const shown = [...document.querySelectorAll('[class*=Loader-root]')].some((one) => one.checkVisibility({ visibilityProperty: true }));
      if (shown) spun += 1;
      requestAnimationFrame(look);
    };
    look();
  });`;

void test('nothing on a page moves once it is there', SKIP, async () => {
  const { page } = await signedInAs(root, 'Anna');
  await page.addInitScript({ content: WATCHED });
  for (const path of [
    ...PAGES,
    `keys?key=${key}`,
    `why?key=${key}`,
    `overview?properties=${root.server.id}`,
  ]) {
    await page.goto(`${root.url}/${path}`);
    await page.getByRole('heading', { level: 1 }).or(page.getByRole('dialog')).first().waitFor();
    await page.waitForLoadState('networkidle');
    const moved = (await page.evaluate('moved')) as readonly (readonly [number, string])[];
    const sum = moved.reduce((all, [value]) => all + value, 0);
    assert.ok(sum <= SHIFT_MAX, `${path}: ${JSON.stringify(moved)}`);
  }
  await closeWindow(page);
});

void test('what takes a moment shows no spinner, what takes longer does', SKIP, async () => {
  const { page } = await signedInAs(root, 'Ben');
  // From here on time goes only as the test says, however slow the machine is.
  const now = Date.now();
  await page.clock.install({ time: now });
  await page.clock.pauseAt(now + 60_000);
  let held: (() => void) | undefined;
  await page.context().route(/\/api\/v1\/devices\?/, async (route) => {
    await new Promise<void>((resolve) => (held = resolve));
    await route.continue().catch(() => undefined);
  });
  await page.getByRole('link', { name: 'Devices' }).click();
  await page.getByLabel('Find').waitFor();
  assert.equal(await page.getByLabel('Loading').count(), 0);
  await page.clock.runFor(150);
  assert.equal(await page.getByLabel('Loading').count(), 0);
  // The page begins to count once it is drawn, which the browser does in its own time.
  await eventually('the spinner', async () => {
    await page.clock.runFor(100);
    return (await page.getByLabel('Loading').count()) > 0;
  });
  held?.();
  await page.context().unrouteAll({ behavior: 'ignoreErrors' });
  await closeWindow(page);
});

void test(
  'the first procedure goes by keyboard alone, and the focus returns to where it was',
  SKIP,
  async () => {
    const { page } = await signedInAs(root, 'Cleo');
    await tabTo(page, 'Properties of Headquarters');
    await page.keyboard.press('Enter');
    const properties = page.getByRole('dialog', { name: 'Properties: Headquarters' });
    await properties.getByRole('button', { name: 'Cancel' }).waitFor();
    await tabTo(page, 'Use hierarchy of Administration Servers to obtain encryption keys');
    await page.keyboard.press('Space');
    await tabTo(page, 'Cancel');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Leave without saving?' }).waitFor();
    await tabTo(page, 'Discard changes');
    await page.keyboard.press('Enter');
    await properties.waitFor({ state: 'detached' });
    await untilTrue(
      page,
      "document.activeElement.getAttribute('aria-label') === 'Properties of Headquarters'",
    );

    await tabTo(page, 'Keys');
    await page.keyboard.press('Enter');
    await page.getByRole('cell', { name: 'laptop' }).first().waitFor();
    await tabTo(page, 'laptop');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Key' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await untilTrue(page, "document.activeElement.textContent === 'laptop'");
    await closeWindow(page);
  },
);

const DIALOGS: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  export: async (page) => {
    await page.goto(`${root.url}/overview?properties=${root.server.id}`);
    await page.getByRole('button', { name: /^Export encryption keys/ }).click();
  },
  import: async (page) => {
    await page.goto(`${root.url}/overview?properties=${root.server.id}`);
    await page.getByRole('button', { name: /^Import encryption keys/ }).click();
  },
  branch: async (page) => {
    await page.goto(`${root.url}/overview`);
    await page.getByRole('button', { name: 'Invite a branch' }).click();
  },
  device: async (page) => {
    await page.goto(`${root.url}/devices`);
    await page.getByRole('button', { name: 'Invite a device' }).click();
  },
  person: async (page) => {
    await page.goto(`${root.url}/people`);
    await page.getByRole('button', { name: 'Add…' }).click();
  },
  reveal: async (page) => {
    await page.goto(`${root.url}/keys?key=${key}`);
    await page.getByRole('button', { name: 'Show the material…' }).click();
  },
};

/** From the first field to the words of the second. */
const BETWEEN_PASSWORDS = `(() => {
  const [first, second] = document.querySelectorAll('input[type=password]');
  return second.labels[0].getBoundingClientRect().top - first.getBoundingClientRect().bottom;
})()`;

async function fits(page: Page, what: string): Promise<void> {
  const over = `Math.max(0, ...[document.documentElement, ...document.querySelectorAll('[role=dialog]')]
    .map((one) => one.scrollWidth - one.clientWidth))`;
  assert.equal(await page.evaluate(over), 0, `${what} is wider than its place`);
}

for (const [how, look] of Object.entries({
  light: {},
  dark: { dark: true },
  phone: { width: 390, height: 800 },
  // A desk of 1280 by 860 at twice the size.
  large: { width: 640, height: 430 },
}))
  void test(`every dialog can be used by everybody: ${how}`, SKIP, async () => {
    const { page } = await signedInAs(root, `Dana ${how}`, undefined, look);
    for (const [name, open] of Object.entries(DIALOGS)) {
      await open(page);
      await page.getByRole('dialog').last().waitFor();
      await page.waitForLoadState('networkidle');
      await fits(page, name);
      assert.deepEqual(await accessibilityFaults(page), [], name);
      await photographed(page, `dialog-${name}-${how}`);
      if (name === 'export') assert.ok((await page.evaluate<number>(BETWEEN_PASSWORDS)) <= 24, 'a hole');
    }
    if (how === 'large')
      for (const path of PAGES) {
        await page.goto(`${root.url}/${path}`);
        await page.waitForLoadState('networkidle');
        await fits(page, path);
        await photographed(page, `${path}-large`);
      }
    await closeWindow(page);
  });

/** What stands in the menu from the mark of a server to its name. */
const NAMES_BESIDE_MARKS = `[...document.querySelectorAll('.menu-row')].every((row) => {
  const name = document.createRange();
  name.selectNodeContents(row.querySelector('p'));
  const gap = row.firstElementChild.getBoundingClientRect().left - name.getBoundingClientRect().right;
  return gap >= 0 && gap <= 16;
})`;
const RIGHT_TO_LEFT = "addEventListener('DOMContentLoaded', () => (document.documentElement.dir = 'rtl'))";

void test('from right to left nothing breaks', SKIP, async () => {
  for (const width of [1280, 390]) {
    const { page } = await signedInAs(root, `Eva ${width}`, undefined, { width });
    await page.addInitScript({ content: RIGHT_TO_LEFT });
    for (const path of [...PAGES, `keys?key=${key}`, `overview?properties=${root.server.id}`]) {
      await page.goto(`${root.url}/${path}`);
      await page.waitForLoadState('networkidle');
      await fits(page, path);
      await photographed(page, `rtl-${path.replace(/[?=].*/, '-open')}-${width}`);
    }
    const menu = 'document.querySelector("nav").getBoundingClientRect()';
    if (width === 1280) {
      assert.equal(await page.evaluate(`${menu}.right === innerWidth && ${menu}.left > 900`), true);
      assert.equal(await page.evaluate(NAMES_BESIDE_MARKS), true);
    }
    await closeWindow(page);
  }
});

void test('times are those of the person’s zone, with the exact one on demand', SKIP, async () => {
  const { keys } = await root.server.call('listKeys', {});
  const at = keys[0]!.recordedAt;
  const { page } = await signedInAs(root, 'Finn', undefined, { zone: 'Pacific/Chatham' });
  await page.goto(`${root.url}/keys`);
  const shown = page.locator('tbody time').first();
  const there = new Intl.DateTimeFormat('en', {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: 'Pacific/Chatham',
  });
  assert.equal(await shown.textContent(), there.format(new Date(at)));
  assert.ok((await shown.getAttribute('title'))!.includes(at));
  assert.equal(await shown.getAttribute('datetime'), at);
  await closeWindow(page);
});

void test('the exact time can be had by keyboard and by finger where no details have it', SKIP, async () => {
  const { devices } = await root.server.call('listDevices', {});
  const at = devices.find(({ name }) => name === 'laptop')!.lastHeartbeatAt!;
  const shown = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });
  const { page } = await signedInAs(root, 'Gina');
  await page.goto(`${root.url}/devices`);
  await page.getByRole('cell', { name: 'laptop', exact: true }).waitFor();
  await tabTo(page, shown.format(new Date(at)));
  await page.getByRole('tooltip').getByText(at).waitFor();
  await photographed(page, 'exact-time');
  await page.keyboard.press('Tab');
  await page.getByRole('tooltip').waitFor({ state: 'detached' });
  await closeWindow(page);
});
