/** A file with other content under a known id, and a person who may not carry keys. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import { organisation } from '#test/support/organisation.ts';
import { makeSomeKey } from '#test/support/some-key.ts';
import { accessibilityFaults, closeWindow, SKIP } from './browser.ts';
import { bringKeys, exportFileFor } from './brought-keys.ts';
import { type ConsoleServer, consoleServer, signedInAs } from './console-server.ts';

const place = organisation('console-conflict', { passwords: 'cheap' });

/** Nobody can make two contents for one id, so the row is put there by hand. */
async function takeId({ server }: ConsoleServer, id: string): Promise<void> {
  await server.stop();
  const store = await openSqliteStore({
    directory: server.data,
    onFatal: (error) => {
      throw error;
    },
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
  });
  await store.write(async (transaction) => {
    const row = (await transaction.keysAfter(0, 1))[0]!;
    await transaction.appendKeys([{ ...row, seq: row.seq + 1, id, digest: new Uint8Array(32).fill(1) }]);
  });
  await store.close();
  await server.restart();
}

void test(
  'a dry run names the key that conflicts; it stays as it was, and all others are imported',
  SKIP,
  async () => {
    const oslo = await consoleServer(place, 'Oslo');
    const [known, taken, fresh] = [makeSomeKey(), makeSomeKey(), makeSomeKey()] as const;
    await bringKeys(place, oslo.server, [known]);
    const file = await exportFileFor(place, oslo.server, 'conflict.age', [known, taken, fresh]);
    await takeId(oslo, taken.key.id);

    const { page } = await signedInAs(oslo, 'Anna');
    await page.getByRole('button', { name: 'Properties of Oslo' }).click();
    await page.getByRole('button', { name: 'Import encryption keys to Administration Server' }).click();
    const dialog = page.getByRole('dialog', { name: 'Import encryption keys' });
    await dialog.locator('input[type=file]').setInputFiles(file);
    await dialog.getByRole('button', { name: 'Check' }).click();
    await dialog.getByText(taken.key.id).waitFor();
    const counts = await dialog.locator('tbody tr').allTextContents();
    assert.deepEqual(counts, ['new1', 'already known1', 'conflicting1']);
    assert.deepEqual(await accessibilityFaults(page), []);
    // Nothing happened yet.
    assert.deepEqual(await oslo.server.keyIds(), [known.key.id, taken.key.id]);
    await dialog.getByRole('button', { name: 'Import', exact: true }).click();
    await dialog.getByText('Imported: 1').waitFor();
    assert.deepEqual(await oslo.server.keyIds(), [known.key.id, taken.key.id, fresh.key.id]);
    await closeWindow(page);
  },
);

void test(
  'whoever lacks the right reaches the buttons by keyboard, and is told which right and who gives it',
  SKIP,
  async () => {
    const bern = await consoleServer(place, 'Bern');
    const { page } = await signedInAs(bern, 'Eva', ['Auditor']);
    await page.getByRole('button', { name: 'Properties of Bern' }).click();
    await page.getByRole('button', { name: /^Export encryption keys/ }).waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    const lacking = page.getByText(/You lack the right (Read|Write) on “Encryption key management”/);
    for (const name of [
      'Export encryption keys from Administration Server',
      'Import encryption keys to Administration Server',
    ]) {
      const button = page.getByRole('button', { name });
      await button.waitFor();
      const reached = `document.activeElement.textContent === ${JSON.stringify(name)}`;
      for (let tabs = 0; tabs < 30 && (await page.evaluate(reached)) !== true; tabs += 1)
        await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(reached), true);
      await lacking.first().waitFor();
      await page.keyboard.press('Enter');
      assert.equal(
        await page.getByRole('dialog', { name: /Export encryption|Import encryption/ }).count(),
        0,
      );
    }
    await closeWindow(page);
  },
);
