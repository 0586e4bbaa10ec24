/**
 * A server that goes and comes back under open pages, and what keeps them true: a banner says that it is away, nothing
 * that was typed is lost, and the pages go on by themselves. One stream of changes serves all tabs of a browser.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { organisation } from '#test/support/organisation.ts';
import { accessibilityFaults, closeWindow, SKIP } from './browser.ts';
import { consoleServer, signedInAs } from './console-server.ts';

const place = organisation('console-connection', { passwords: 'cheap' });
const LOST = 'The connection to the server is lost.';
const TABS = 8;

async function freePort(): Promise<number> {
  const listening = createServer().listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  listening.close();
  await once(listening, 'close');
  return port;
}

void test(
  'a server that is killed and started again under an open page: a banner, and it goes on by itself',
  SKIP,
  async () => {
    const oslo = await consoleServer(place, 'Oslo', `http://127.0.0.1:${await freePort()}`);
    const { server } = oslo;
    const { page } = await signedInAs(oslo, 'Anna');
    await page.goto(`${oslo.url}/devices`);
    await page.getByText('No devices yet.').waitFor();
    const form = await page.context().newPage();
    await form.goto(`${oslo.url}/people`);
    await form.getByRole('button', { name: 'Add…' }).click();
    await form.getByRole('dialog').getByLabel('Name').fill('Kari Nord');

    await server.kill();
    for (const tab of [page, form]) await tab.getByText(LOST).waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    await form.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
    await form.getByRole('dialog').getByText('The server does not answer.').waitFor();

    await server.restart();
    await place.enrol('tower-9', server);
    for (const tab of [page, form]) await tab.getByText(LOST).waitFor({ state: 'detached' });
    await page.getByRole('cell', { name: 'tower-9', exact: true }).waitFor();
    await form.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
    await form.getByRole('dialog', { name: 'Kari Nord' }).waitFor();
    // And what changes later shows by itself as before.
    await place.enrol('tower-10', server);
    await page.getByRole('cell', { name: 'tower-10', exact: true }).waitFor();
    await closeWindow(page);
  },
);

void test(
  'eight tabs share one stream of changes, and when its tab is closed another takes its place',
  SKIP,
  async () => {
    const lyon = await consoleServer(place, 'Lyon');
    const { page: first } = await signedInAs(lyon, 'Ben');
    const streams: string[] = [];
    first.context().on('request', (request) => {
      if (request.url().includes('/events') && request.resourceType() === 'eventsource')
        streams.push(request.url());
    });
    const tabs = [first];
    while (tabs.length < TABS) tabs.push(await first.context().newPage());
    for (const tab of tabs) {
      await tab.goto(`${lyon.url}/devices`);
      await tab.getByText('No devices yet.').waitFor();
    }
    // The first tab listened, left its page, and one of them listens since.
    assert.ok(streams.length <= 2, `${streams.length} streams`);
    await place.enrol('tower-1', lyon.server);
    for (const tab of tabs) await tab.getByRole('cell', { name: 'tower-1', exact: true }).waitFor();
    const before = streams.length;
    for (const tab of tabs.splice(0, TABS - 1)) await tab.close();
    await place.enrol('tower-2', lyon.server);
    await tabs[0]!.getByRole('cell', { name: 'tower-2', exact: true }).waitFor();
    assert.ok(streams.length <= before + TABS - 1);
    await closeWindow(tabs[0]!);
  },
);
