/** From one server's console to another, by an address that the other one told; and keys sealed to it, found by a search. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinServers, organisation } from '#test/support/organisation.ts';
import { closeWindow, newWindow, SKIP, signIn } from './browser.ts';
import { consoleServer, signedInAs } from './console-server.ts';
import { look, LOOKS } from './look.ts';

const place = organisation('console-other-servers', { passwords: 'cheap' });

void test(
  'keys that a search finds are sealed to a neighbour, whose console is a link away',
  SKIP,
  async () => {
    const root = await consoleServer(place, 'Headquarters');
    const lyon = await consoleServer(place, 'Lyon', '127.0.0.1:0');
    await joinServers(lyon.server, root.server);
    await lyon.server.heartbeat();
    const device = await place.enrol('laptop-17', root.server);
    const key = await device.encrypt('the plan', place.path('plan.age'));
    const other = await place.enrol('tower-9', root.server);
    await other.encrypt('figures', place.path('figures.age'));

    await root.server.done(['groups', 'add', 'Field']);
    await root.server.done(['devices', 'set', 'laptop-17', '--group', 'Field']);

    const { page, setUp } = await signedInAs(root, 'Anna Berg');
    await page.goto(`${root.url}/overview`);
    const link = page.getByRole('link', { name: /^Open the console of Lyon: https:/ });
    assert.equal(await link.getAttribute('href'), lyon.url);
    assert.equal(await link.getAttribute('rel'), 'noopener noreferrer');
    await page.getByRole('button', { name: 'Properties of Lyon' }).click();
    const lyons = page.getByRole('dialog', { name: 'Properties: Lyon' });
    assert.equal(await lyons.getByRole('link').getAttribute('href'), lyon.url);
    await page.keyboard.press('Escape');
    await lyons.waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Properties of Headquarters' }).click();
    await page.getByRole('button', { name: 'Export encryption keys from Administration Server' }).click();
    const exporting = page.getByRole('dialog', { name: 'Export encryption keys' });
    const submit = exporting.getByRole('button', { name: 'Export', exact: true });
    await exporting.getByRole('radio', { name: 'Keys of a group of devices' }).check();
    await exporting.getByRole('combobox', { name: 'Keys of a group of devices' }).click();
    await page.getByRole('option', { name: 'Field' }).click();
    await exporting.getByText('1 device in this group').waitFor();
    assert.equal(await submit.isDisabled(), true, 'nothing protects it yet');
    await exporting.getByRole('radio', { name: 'Keys found by a search' }).check();
    await exporting.getByRole('searchbox', { name: 'Keys found by a search' }).fill('laptop-17');
    await exporting.getByText('1 key found').waitFor();
    await exporting.getByRole('radio', { name: 'Sealed to one server' }).check();
    await exporting.getByRole('combobox', { name: 'Server' }).click();
    await page.getByRole('option', { name: 'Lyon' }).click();
    await look(page, 'export-sealed', 'light');
    const [download] = await Promise.all([page.waitForEvent('download'), submit.click()]);
    const file = place.path('for-lyon.age');
    await download.saveAs(file);
    await lyon.server.done(['keys', 'import', file]);
    assert.deepEqual(await lyon.server.keyIds(), [key]);
    await closeWindow(page);

    for (const [how, eyes] of Object.entries(LOOKS)) {
      const window = await newWindow(eyes);
      await signIn(window, root.url, 'Anna Berg', setUp, eyes.language);
      await window.goto(`${root.url}/overview`);
      await window.getByRole('table').waitFor();
      await look(window, 'overview-consoles', how);
      await window.goto(`${root.url}/overview?properties=${root.server.id}&section=encryption`);
      await window.getByRole('tabpanel').getByRole('button').first().click();
      await window.getByRole('radio').first().waitFor();
      await look(window, 'export', how);
      await closeWindow(window);
    }
  },
);
