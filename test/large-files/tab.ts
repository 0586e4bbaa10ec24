/**
 * A million keys by hand through a tab of a real browser: in by a file that the tab sends, and all of them out again.
 * The tab streams both, so it grows by a bounded amount however long the files are. Then their list: what is drawn and
 * asked for does not grow with it.
 *
 *   npm run large-tab
 *   KEYSTAIR_TAB_KEYS=200000 npm run large-tab      fewer, where the machine has other work
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { KeyMaterial } from '#domain/key-material.ts';
import { openExport } from '#crypto/export-envelope/open-export.ts';
import { closeWindow, SKIP } from '#test/console/browser.ts';
import { type ConsoleServer, consoleServer, signedInAs } from '#test/console/console-server.ts';
import { organisation } from '#test/support/organisation.ts';
import { GROWTH_BYTES_MAX, largestMemoryOf } from './largest-memory.ts';
import { makeFile } from './made-file.ts';
import { watchedList } from './watched-list.ts';

const KEYS = Number(process.env['KEYSTAIR_TAB_KEYS'] ?? 1_000_000);
const PASSWORD = 'wooden stairs creak at midnight 7';
const PATIENCE_MS = 1_200_000;

/** Of a list, as it is drawn at first and as each *Show more* adds. */
const PAGE_ROWS = 100;
/** A page of a search looks at some 12,000 keys, so a search through a million of them has 82. */
const SEARCH_REQUESTS_MAX = 90;

const place = organisation('large-tab', { passwords: 'cheap' });
let large: ConsoleServer;

if (SKIP.skip === false)
  before(async () => {
    large = await consoleServer(place, 'Large');
  });

/** What each process that may have the page has had at the most so far, as the kernel and the browser know it. */
async function tabMemory(page: Page): Promise<ReadonlyMap<number, number>> {
  const session = await page.context().browser()!.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const tabs = processInfo.filter(({ type }) => type === 'renderer');
  assert.ok(tabs.length > 0);
  return new Map(tabs.map(({ id }) => [id, largestMemoryOf(id) ?? 0]));
}

/** By how many bytes the one grew that grew most, of those that were there all the time. */
async function growthSince(before: ReadonlyMap<number, number>, page: Page): Promise<number> {
  const after = await tabMemory(page);
  const grown = [...after].flatMap(([id, size]) => (before.has(id) ? [size - before.get(id)!] : []));
  assert.ok(grown.length > 0);
  return Math.max(...grown);
}

async function properties(person: string): Promise<Page> {
  const { page } = await signedInAs(large, person);
  page.context().setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${large.url}/overview?properties=${large.server.id}`);
  await page.getByRole('button', { name: 'Export encryption keys from Administration Server' }).waitFor();
  return page;
}

void test('a tab carries a million keys in and out without growing with them', SKIP, async (context) => {
  const { recipients } = await large.server.call('serverStatus', {});
  const { bytes, idsDigest } = await makeFile(recipients.at(-1)!, KEYS, 'fits');
  const file = place.path('many.age');
  await pipeline(Readable.from(bytes), createWriteStream(file));

  const importer = await properties('Anna');
  await importer.getByRole('button', { name: 'Import encryption keys to Administration Server' }).click();
  const importing = importer.getByRole('dialog', { name: 'Import encryption keys' });
  const beforeImport = await tabMemory(importer);
  await importing.locator('input[type=file]').setInputFiles(file);
  await importing.getByRole('button', { name: 'Check' }).click();
  await importing.getByRole('button', { name: 'Import', exact: true }).click();
  const done = importing.getByText(`${KEYS.toLocaleString('en')} new keys`);
  await done.or(importing.getByRole('alert')).first().waitFor();
  assert.equal(await done.count(), 1, await importing.innerText());
  const imported = await growthSince(beforeImport, importer);
  await closeWindow(importer);

  // By somebody else: an import may take longer than a fresh sign-in counts for.
  const exporter = await properties('Ben');
  await exporter.getByRole('button', { name: 'Export encryption keys from Administration Server' }).click();
  const exporting = exporter.getByRole('dialog', { name: 'Export encryption keys' });
  await exporting.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await exporting.getByLabel('Repeat password').fill(PASSWORD);
  const beforeExport = await tabMemory(exporter);
  const [download] = await Promise.all([
    exporter.waitForEvent('download'),
    exporting.getByRole('button', { name: 'Export', exact: true }).click(),
  ]);
  const out = await download.path();
  const exported = await growthSince(beforeExport, exporter);

  const ids = createHash('sha256');
  let keys = 0;
  const password = KeyMaterial.fromText(PASSWORD);
  const plaintext = openExport(createReadStream(out), { password, identities: async () => [] });
  for await (const line of createInterface({ input: Readable.from(plaintext) })) {
    if (!line.startsWith('{"key":{"id":"')) continue;
    ids.update(line.slice('{"key":{"id":"'.length, '{"key":{"id":"'.length + 36));
    keys += 1;
  }
  assert.deepEqual([keys, ids.digest('hex')], [KEYS, idsDigest()]);
  const mebibytes = (size: number): string => `${Math.round(size / 1024 / 1024)} MiB`;
  context.diagnostic(
    `files of ${mebibytes(statSync(file).size)} and ${mebibytes(statSync(out).size)}; the tab grew by ${mebibytes(imported)} at the most while it imported, by ${mebibytes(exported)} while it exported`,
  );
  assert.ok(Math.max(imported, exported) <= GROWTH_BYTES_MAX);
  await closeWindow(exporter);
});

void test('a list of a million keys draws and asks for a screen at a time', SKIP, async (context) => {
  const { keys } = await large.server.call('listKeys', { order: 'oldest', limit: 1 });
  const { page } = await signedInAs(large, 'Cleo');
  page.context().setDefaultTimeout(PATIENCE_MS);
  const list = watchedList(page);
  const said: string[] = [];
  const see = async (what: string, act: () => Promise<unknown>, rows: number, requests: number) => {
    const seen = await list.after(act);
    said.push(`${what} ${seen.ms} ms, ${seen.requests} requests`);
    assert.equal(seen.rows, rows, what);
    assert.ok(seen.requests >= 1 && seen.requests <= requests, `${what}: ${seen.requests} requests`);
  };
  const find = page.getByRole('searchbox', { name: 'Find' });
  await see('first page', () => page.goto(`${large.url}/keys`), PAGE_ROWS, 1);
  const more = page.getByRole('button', { name: 'Show more' });
  await see('next page', () => more.click(), 2 * PAGE_ROWS, 1);
  await page.getByRole('combobox', { name: 'Order' }).click();
  const oldest = page.getByRole('option', { name: 'Oldest first' });
  await see('the other order', () => oldest.click(), PAGE_ROWS, 1);
  await see('search for what many have', () => find.fill('laptop-7'), PAGE_ROWS, 1);
  await see('first page again', () => page.goto(`${large.url}/keys`), PAGE_ROWS, 1);
  await see('search for the oldest key', () => find.fill(keys[0]!.id), 1, SEARCH_REQUESTS_MAX);
  await see('search for what none has', () => find.fill('no such key'), 0, SEARCH_REQUESTS_MAX);
  context.diagnostic(said.join('; '));
  await closeWindow(page);
});
