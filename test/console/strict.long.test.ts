/**
 * How strict the page is with itself: no text becomes a script or markup, and nothing secret stays in the browser after
 * it was used, neither in a storage nor in an address.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { organisation } from '#test/support/organisation.ts';
import { closeWindow, untilTrue, newWindow, SKIP } from './browser.ts';
import { type ConsoleServer, consoleServer, signedInAs } from './console-server.ts';

const place = organisation('console-strict', { passwords: 'cheap' });
let oslo: ConsoleServer;

if (SKIP.skip === false)
  before(async () => {
    oslo = await consoleServer(place, 'Oslo');
  });

void test(
  'no answer of the console lets a page load, frame or read anything of another place',
  SKIP,
  async () => {
    const page = await fetch(oslo.url);
    const policy = page.headers.get('content-security-policy')!;
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.match(policy, /default-src 'none'.*frame-ancestors 'none'.*require-trusted-types-for 'script'/);
    assert.equal(page.headers.get('cross-origin-opener-policy'), 'same-origin');
    assert.equal(page.headers.get('cross-origin-embedder-policy'), 'require-corp');
    const asset = /assets\/[\w.-]+\.js/.exec(await page.text())![0];
    for (const path of ['', asset, 'api/v1/me', 'nowhere']) {
      const { headers } = await fetch(`${oslo.url}/${path}`);
      assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin', path);
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
      assert.equal(headers.get('referrer-policy'), 'no-referrer', path);
    }
  },
);

/** What became of a try in the page: the name of the error, or `done`. */
async function tried(page: Page, script: string): Promise<unknown> {
  return page.evaluate(
    `(() => { try { ${script}; return 'done'; } catch (error) { return error.name; } })()`,
  );
}

void test('text in the page becomes neither markup nor a script, whoever writes it', SKIP, async () => {
  const page = await newWindow();
  await page.goto(oslo.url);
  await page.getByLabel('Name', { exact: true }).waitFor();
  const attempts = [
    "document.body.insertAdjacentHTML('beforeend', '<b>bold</b>')",
    "document.createElement('div').innerHTML = '<img src=x onerror=alert(1)>'",
    "new DOMParser().parseFromString('<p>', 'text/html')",
    "document.createElement('script').text = 'alert(1)'",
    "document.createElement('script').src = '/assets/other.js'",
    "trustedTypes.createPolicy('mine', {})",
    "trustedTypes.createPolicy('default', {})",
  ];
  for (const attempt of attempts) assert.equal(await tried(page, attempt), 'TypeError', attempt);
  // What is set by the debugger is not what a page may evaluate itself.
  await page.evaluate(
    "setTimeout(() => { try { eval('1'); } catch (error) { globalThis.evaluated = error.name; } })",
  );
  await untilTrue(page, "globalThis.evaluated === 'EvalError'");
  await page.context().close();
});

/** Everything that a page, or whoever comes after it in the same browser, could read again. */
async function remembered(page: Page): Promise<string> {
  return page.evaluate(`(async () => JSON.stringify({
    local: { ...localStorage },
    session: { ...sessionStorage },
    cookies: document.cookie,
    state: history.state,
    entries: navigation.entries().map(({ url }) => url),
    asked: performance.getEntriesByType('resource').map(({ name }) => name),
    databases: await indexedDB.databases(),
    caches: await globalThis.caches?.keys() ?? [],
    inputs: [...document.querySelectorAll('input, textarea')].map(({ value }) => value),
    text: document.body.textContent,
  }))()`);
}

void test('nothing secret is left in the browser after it was used', SKIP, async () => {
  const device = await place.enrol('laptop', oslo.server);
  const key = await device.encrypt('the plan', place.path('plan.age'));
  const { setupUrl } = await oslo.server.done([
    'people',
    'add',
    'Kari',
    '--role',
    'Key custodian',
    '--role',
    'Help desk',
  ]);
  const { page, setUp } = await signedInAs(oslo, 'Anna');
  const secrets = [setUp.password, setUp.secret, ...setUp.recoveryCodes];
  const nothingOf = async (when: string, ...more: readonly string[]): Promise<void> => {
    const told = await remembered(page);
    for (const secret of [...secrets, ...more]) assert.ok(!told.includes(secret), when);
  };
  assert.ok(secrets.every((secret) => secret.length > 8));
  await nothingOf('after the sign-in');

  await page.goto(String(setupUrl));
  await page.getByLabel('Repeat password').waitFor();
  const token = new URL(String(setupUrl)).hash.slice(1);
  assert.ok(token.length > 20);
  await nothingOf('after a set-up link was opened', token);

  await page.goto(`${oslo.url}/keys?key=${key}`);
  await page.getByRole('button', { name: 'Show the material…' }).click();
  await page.getByLabel('Reason').fill('ticket 4711');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  const material = (await page.locator('[data-material]').textContent())!;
  assert.match(material, /^AGE-SECRET-KEY-/);
  await page.getByRole('button', { name: 'Hide now' }).click();
  await page.locator('[data-material]').waitFor({ state: 'detached' });
  await nothingOf('after a key was seen', material);

  const password = 'wooden stairs creak at midnight 7';
  await page.goto(`${oslo.url}/overview?properties=${oslo.server.id}`);
  await page.getByRole('button', { name: 'Export encryption keys from Administration Server' }).click();
  const exporting = page.getByRole('dialog', { name: 'Export encryption keys' });
  await exporting.getByLabel('Password', { exact: true }).fill(password);
  await exporting.getByLabel('Repeat password').fill(password);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    exporting.getByRole('button', { name: 'Export', exact: true }).click(),
  ]);
  await download.saveAs(place.path('carried.age'));
  await nothingOf('after an export', password);
  await exporting.getByRole('button', { name: 'Close' }).last().click();

  await page.getByRole('button', { name: 'Import encryption keys to Administration Server' }).click();
  const importing = page.getByRole('dialog', { name: 'Import encryption keys' });
  await importing.locator('input[type=file]').setInputFiles(place.path('carried.age'));
  await importing.getByLabel('Password', { exact: true }).fill(password);
  await importing.getByRole('button', { name: 'Check' }).click();
  await importing.getByText('already known').waitFor();
  await nothingOf('after an import', password);
  await closeWindow(page);
});
