/** Keys are carried by hand from one server to another by somebody who has no pointer, from the main menu to the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { organisation } from '#test/support/organisation.ts';
import { closeWindow, SKIP } from './browser.ts';
import { consoleServer, signedInAs } from './console-server.ts';
import { tabTo } from './keyboard.ts';

const PASSWORD = 'wooden stairs creak at midnight 7';

const place = organisation('console-keyboard', { passwords: 'cheap' });

void test('keys are exported and imported by keyboard alone', SKIP, async () => {
  const oslo = await consoleServer(place, 'Oslo');
  const lyon = await consoleServer(place, 'Lyon');
  const device = await place.enrol('laptop', oslo.server);
  const key = await device.encrypt('the plan', place.path('plan.age'));
  const { page } = await signedInAs(oslo, 'Anna');
  await tabTo(page, 'Properties of Oslo');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Properties: Oslo' }).locator(':focus').waitFor();
  await tabTo(page, 'Export encryption keys');
  await page.keyboard.press('Enter');
  const exporting = page.getByRole('dialog', { name: 'Export encryption keys' });
  await exporting.locator(':focus').waitFor();
  for (const field of ['Password', 'Repeat password']) {
    await tabTo(page, field);
    await page.keyboard.type(PASSWORD);
  }
  await tabTo(page, 'Export');
  const saved = page.waitForEvent('download');
  await page.keyboard.press('Enter');
  const file = place.path('carried.age');
  await (await saved).saveAs(file);
  await exporting.getByRole('status').getByText('The browser is saving the file.').waitFor();
  await tabTo(page, 'Close');
  await page.keyboard.press('Enter');
  await exporting.waitFor({ state: 'detached' });
  await closeWindow(page);

  const { page: there } = await signedInAs(lyon, 'Ben');
  await tabTo(there, 'Properties of Lyon');
  await there.keyboard.press('Enter');
  await there.getByRole('dialog', { name: 'Properties: Lyon' }).locator(':focus').waitFor();
  await tabTo(there, 'Import encryption keys');
  await there.keyboard.press('Enter');
  const importing = there.getByRole('dialog', { name: 'Import encryption keys' });
  await importing.locator(':focus').waitFor();
  // From before the key: the browser takes a moment to hand its choosers over.
  const asked = there.waitForEvent('filechooser');
  await tabTo(there, 'File');
  await there.keyboard.press('Enter');
  await (await asked).setFiles(file);
  await tabTo(there, 'Password');
  await there.keyboard.type(PASSWORD);
  await tabTo(there, 'Check');
  await there.keyboard.press('Enter');
  await importing.getByText('What the file would bring').waitFor();
  await tabTo(there, 'Import');
  await there.keyboard.press('Enter');
  await importing.getByText('Imported: 1 new keys.').waitFor();
  await tabTo(there, 'Close');
  await there.keyboard.press('Enter');
  await importing.waitFor({ state: 'detached' });
  assert.deepEqual(await lyon.server.keyIds(), [key]);
  await closeWindow(there);
});
