/** Groups of devices at the console and the command line: made, filled, moved, removed; and the help desk of one site. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { organisation } from '#test/support/organisation.ts';
import {
  accessibilityFaults,
  closeWindow,
  newWindow,
  type SetUp,
  setUpBy,
  SKIP,
  signIn,
  untilTrue,
} from './browser.ts';
import { consoleServer, type ConsoleServer, signedInAs, type SignedIn } from './console-server.ts';
import { look, LOOKS } from './look.ts';

const place = organisation('console-groups', { passwords: 'cheap' });
let head: ConsoleServer;
let anna: SignedIn;
let marc: SetUp;

interface Listed {
  readonly groups: readonly { readonly id: string; readonly name: string; readonly devices: number }[];
}

const groupNames = async (): Promise<string[]> => {
  const { groups } = (await head.server.done(['groups', 'list'])) as unknown as Listed;
  return groups.map(({ name, devices }) => `${name} ${devices}`);
};

if (SKIP.skip === false)
  before(async () => {
    head = await consoleServer(place, 'Headquarters');
    for (const name of ['laptop-lyon', 'laptop-oslo']) {
      const agent = await place.enrol(name, head.server);
      await agent.encrypt('the plan', place.path(`${name}.age`));
    }
    await head.server.done(['groups', 'add', 'France']);
    await head.server.done(['groups', 'add', 'Lyon', '--in', 'France']);
    await head.server.done(['groups', 'add', 'Oslo']);
    await head.server.done(['devices', 'set', 'laptop-lyon', '--group', 'Lyon']);
    await head.server.done(['devices', 'set', 'laptop-oslo', '--group', 'Oslo']);
    anna = await signedInAs(head, 'Anna Berg');
    await head.server.done(['people', 'add', 'Nils', '--role', 'Help desk', '--groups', 'Lyon', '--service']);
  });

void test('a group is added, filled from the list of devices, renamed, moved and removed', SKIP, async () => {
  const { page } = anna;
  await page.getByRole('link', { name: 'Devices' }).click();
  await page.getByRole('link', { name: 'Groups' }).click();
  await page.getByRole('button', { name: 'Add a group…' }).click();
  const adding = page.getByRole('dialog', { name: 'Add a group' });
  await adding.getByLabel('Name').fill('Bergen');
  await adding.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('row', { name: 'Bergen 0' }).waitFor();

  await page.getByRole('link', { name: 'Devices' }).first().click();
  await page.getByRole('button', { name: 'Actions: laptop-oslo' }).click();
  await page.getByRole('menuitem', { name: 'Move to a group…' }).click();
  const moving = page.getByRole('dialog', { name: 'Move laptop-oslo' });
  await moving.getByLabel('Group').click();
  await page.getByRole('option', { name: 'Bergen' }).click();
  await moving.getByRole('button', { name: 'Move', exact: true }).click();
  await page.getByRole('row', { name: /laptop-oslo Bergen/ }).waitFor();

  await page.getByRole('link', { name: 'Groups' }).click();
  const acts = page.getByRole('button', { name: 'Actions: Bergen' });
  await acts.click();
  await page.getByRole('menuitem', { name: 'Rename or move…' }).click();
  const changing = page.getByRole('dialog', { name: 'Bergen' });
  await changing.getByLabel('Name').fill('Bergen West');
  await changing.getByLabel('In').click();
  await page.getByRole('option', { name: 'Oslo' }).click();
  await changing.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('row', { name: 'Bergen West 1' }).waitFor();
  assert.deepEqual(await groupNames(), ['Headquarters 0', 'France 0', 'Lyon 1', 'Oslo 0', 'Bergen West 1']);

  await page.getByRole('button', { name: 'Actions: Bergen West' }).click();
  await page.getByRole('menuitem', { name: 'Remove…' }).click();
  const removing = page.getByRole('dialog', { name: 'Remove the group Bergen West?' });
  await removing.getByText('No device and no key is lost').waitFor();
  await removing.getByRole('button', { name: 'Remove the group' }).click();
  await removing.waitFor({ state: 'detached' });
  assert.deepEqual(await groupNames(), ['Headquarters 0', 'France 0', 'Lyon 1', 'Oslo 1']);
});

void test(
  'what somebody else changed in a group meanwhile is shown and not overwritten, and what was entered stays',
  SKIP,
  async () => {
    const { page } = anna;
    await page.getByRole('button', { name: 'Actions: Oslo' }).click();
    await page.getByRole('menuitem', { name: 'Rename or move…' }).click();
    const changing = page.getByRole('dialog', { name: 'Oslo' });
    await changing.getByLabel('Name').fill('Oslo West');
    const save = changing.getByRole('button', { name: 'Save' });
    await untilTrue(page, `!document.querySelector('[role=dialog] [type=submit]').disabled`);

    await head.server.call('setGroup', { id: 'Oslo', name: 'Oslo East', above: 'France' });
    await save.click();
    const told = changing.getByRole('alert');
    await told.getByText('Owner of the data directory has changed this meanwhile').waitFor();
    await told.getByText('It is called “Oslo East” now, and stands in “France”.').waitFor();
    assert.deepEqual(await groupNames(), ['Headquarters 0', 'France 0', 'Lyon 1', 'Oslo East 1']);
    assert.equal(await changing.getByLabel('Name').inputValue(), 'Oslo West');
    assert.equal(await changing.getByLabel('In').inputValue(), 'France');
    assert.deepEqual(await accessibilityFaults(page), []);
    await save.click();
    await changing.waitFor({ state: 'detached' });
    assert.deepEqual(await groupNames(), ['Headquarters 0', 'France 0', 'Lyon 1', 'Oslo West 1']);
    await head.server.call('setGroup', { id: 'Oslo West', name: 'Oslo', above: 'Headquarters' });
  },
);

void test(
  'the help desk of one site sees its own keys and devices, and where its rights end',
  SKIP,
  async () => {
    const { page } = anna;
    await page.goto(`${head.url}/people`);
    await page.getByRole('row', { name: /Nils.*Help desk \(Lyon\)/ }).waitFor();
    await page.getByRole('button', { name: 'Add…' }).click();
    const adding = page.getByRole('dialog');
    await adding.getByLabel('Name').fill('Marc Petit');
    await adding.getByLabel('Roles').click({ force: true });
    await page.getByRole('option', { name: 'Help desk' }).click();
    await page.getByRole('option', { name: 'Key custodian' }).click();
    await page.keyboard.press('Escape');
    for (const role of ['Help desk', 'Key custodian']) {
      await adding.getByLabel(`${role}: only for these groups`).click({ force: true });
      await page.getByRole('option', { name: /Lyon/ }).click();
      await adding.getByLabel('Name').click();
    }
    await look(page, 'person-limited', 'light');
    await adding.getByRole('button', { name: 'Add', exact: true }).click();
    const link = await page.getByRole('dialog', { name: 'Marc Petit' }).locator('pre').textContent();

    const own = await newWindow();
    marc = await setUpBy(own, link!.trim());
    await own.getByRole('link', { name: 'Keys', exact: true }).click();
    await own.getByRole('row', { name: /laptop-lyon/ }).waitFor();
    assert.equal(await own.getByRole('row', { name: /laptop-oslo/ }).count(), 0);
    await own.getByRole('link', { name: 'Devices' }).click();
    await own.getByRole('row', { name: /laptop-lyon/ }).waitFor();
    assert.equal(await own.getByRole('row', { name: /laptop-oslo/ }).count(), 0);
    await head.server.done(['devices', 'set', 'laptop-lyon', '--group', 'Oslo']);
    await own.reload();
    await own.getByText('No devices yet').waitFor();
    await head.server.done(['devices', 'set', 'laptop-lyon', '--group', 'Lyon']);
    await own.getByRole('link', { name: 'My sign-in' }).click();
    await own.getByText('Key reveal: Write (Lyon)').waitFor();
    await closeWindow(own);
    await closeWindow(page);
  },
);

for (const [how, eyes] of Object.entries(LOOKS)) {
  void test(`groups can be used by everybody: ${how}`, SKIP, async () => {
    const page = await newWindow(eyes);
    await signIn(page, head.url, 'Anna Berg', anna.setUp, eyes.language);
    await page.goto(`${head.url}/groups`);
    await page.getByRole('row').nth(3).waitFor();
    await look(page, 'groups', how);
    await page.getByRole('button', { name: /: Lyon$/ }).click();
    await page.getByRole('menuitem').nth(2).click();
    await page.getByRole('dialog').getByRole('textbox').first().waitFor();
    // The menu fades behind it.
    await untilTrue(page, `document.querySelector('[role=menu]') === null`);
    await look(page, 'group-changed', how);
    await page.goto(`${head.url}/devices`);
    await page.getByRole('row', { name: /laptop-lyon/ }).waitFor();
    await look(page, 'devices-in-groups', how);
    await page.getByRole('button', { name: /^(Invite|Gerät)/ }).click();
    await page.getByRole('dialog').getByRole('combobox').waitFor();
    await look(page, 'device-invited', how);
    await page.goto(`${head.url}/people`);
    await page.getByRole('row', { name: /Marc/ }).waitFor();
    await page.getByRole('button', { name: /Marc Petit$/ }).click();
    await page.getByRole('menuitem').first().click();
    await page.getByText('Key custodian:').waitFor();
    await look(page, 'roles-limited', how);
    await closeWindow(page);
    const limited = await newWindow(eyes);
    await signIn(limited, head.url, 'Marc Petit', marc, eyes.language);
    await limited.goto(`${head.url}/me`);
    await limited.getByText('(Lyon)').first().waitFor();
    await look(limited, 'me-limited', how);
    await closeWindow(limited);
  });
}
