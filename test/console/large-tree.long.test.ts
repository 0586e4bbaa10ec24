/** The overview of an organisation with 500 servers: folded, searched, and no more drawn than is looked at. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { organisation } from '#test/support/organisation.ts';
import { playSecondary } from '#test/support/played-secondary.ts';
import { toldServer } from '#test/support/told-servers.ts';
import { closeWindow, newWindow, SKIP, signIn } from './browser.ts';
import { consoleServer, type ConsoleServer, signedInAs, type SignedIn } from './console-server.ts';
import { look, LOOKS } from './look.ts';

const BRANCHES = 20;
const BELOW_EACH = 25;
/** What a page of this size may hold, however large the tree is. */
const NODES_MAX = 3000;

const place = organisation('console-large-tree', { passwords: 'cheap' });
let root: ConsoleServer;
let anna: SignedIn;

if (SKIP.skip === false)
  before(async () => {
    root = await consoleServer(place, 'Headquarters');
    const region = await playSecondary(
      { call: root.server.call, clock: Object.assign(() => Date.now(), { aheadMs: 0 }) },
      'Region',
    );
    const tree = Array.from({ length: BRANCHES }, (_, branch) =>
      toldServer(`Branch ${branch}`, {
        secondaries: Array.from({ length: BELOW_EACH }, (_unused, office) =>
          toldServer(`Office ${branch}-${office}`, {
            problem: branch === 7 && office === 3 ? 'no contact yet' : null,
          }),
        ),
      }),
    );
    await region.heartbeat({ name: 'Region', tree, treeDigest: '1'.repeat(16) });
    anna = await signedInAs(root, 'Anna Berg');
  });

const nodesOf = (page: Page): Promise<number> => page.evaluate("document.querySelectorAll('*').length");

void test('a tree of 500 servers is folded at first, and the page stays small', SKIP, async () => {
  const { page } = anna;
  await page.goto(`${root.url}/overview`);
  const table = page.getByRole('table', { name: 'The tree' });
  await table.getByText('520 servers below').waitFor();
  assert.equal(await table.getByText('Branch 3', { exact: true }).count(), 0);
  await table.getByRole('button', { name: 'Servers below Region' }).click();
  await table.getByRole('button', { name: 'Servers below Branch 3', exact: true }).click();
  await table.getByText('Office 3-24').waitFor();
  await table.getByRole('button', { name: 'Properties of Office 3-24' }).click();
  await page.getByRole('dialog', { name: 'Properties: Office 3-24' }).waitFor();
  await page.keyboard.press('Escape');
  assert.ok((await nodesOf(page)) < NODES_MAX, `${await nodesOf(page)} nodes`);
});

void test(
  'a server is found wherever it stands, and the search can be sent to a colleague',
  SKIP,
  async () => {
    const { page } = anna;
    await page.goto(`${root.url}/overview`);
    await page.getByRole('searchbox', { name: 'Find a server' }).fill('office 12-');
    await page.getByText('25 of 522 servers').waitFor();
    await page.reload();
    await page.getByText('25 of 522 servers').waitFor();
    await page.getByRole('searchbox', { name: 'Find a server' }).fill('e');
    await page.getByText('50 of').last().waitFor();
    assert.ok((await nodesOf(page)) < NODES_MAX, `${await nodesOf(page)} nodes`);
  },
);

void test('the one server with a problem is shown alone', SKIP, async () => {
  const { page } = anna;
  await page.goto(`${root.url}/overview?problems=1`);
  const table = page.getByRole('table', { name: 'The tree' });
  await table.getByText('Office 7-3').waitFor();
  await table.getByText('under Branch 7').waitFor();
  assert.equal(await table.getByText('Branch 3', { exact: true }).count(), 0);
  await closeWindow(page);
});

for (const [how, eyes] of Object.entries(LOOKS)) {
  void test(`a large tree can be used by everybody: ${how}`, SKIP, async () => {
    const page = await newWindow(eyes);
    await signIn(page, root.url, 'Anna Berg', anna.setUp, eyes.language);
    await page.goto(`${root.url}/overview`);
    await page.getByRole('table').waitFor();
    await look(page, 'large-tree', how);
    await page.goto(`${root.url}/overview?find=office%2012`);
    await page.getByRole('table').waitFor();
    await look(page, 'large-tree-found', how);
    await closeWindow(page);
  });
}
