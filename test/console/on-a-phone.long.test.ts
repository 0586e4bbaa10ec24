/** On a phone, by finger: the exact time can be had, and nothing jumps away while somebody types. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { organisation } from '#test/support/organisation.ts';
import { closeWindow, type Look, SKIP } from './browser.ts';
import { type ConsoleServer, consoleServer, signedInAs } from './console-server.ts';

const PHONE: Look = { width: 390, height: 800, touch: true };

const place = organisation('console-phone', { passwords: 'cheap' });
let oslo: ConsoleServer;

if (SKIP.skip === false)
  before(async () => {
    oslo = await consoleServer(place, 'Oslo');
    await place.enrol('laptop', oslo.server);
  });

void test('the exact time can be had by finger where no details have it', SKIP, async () => {
  const { devices } = await oslo.server.call('listDevices', {});
  const at = devices[0]!.lastHeartbeatAt!;
  // As wide as a tablet: a phone leaves the column of times out of the list of devices.
  const { page } = await signedInAs(oslo, 'Anna', undefined, { ...PHONE, width: 1000 });
  await page.goto(`${oslo.url}/devices`);
  const time = page.locator(`tbody time[datetime="${at}"]`);
  await time.tap();
  await page.getByRole('tooltip').getByText(at).waitFor();
  await page.getByRole('heading', { level: 1 }).tap();
  await page.getByRole('tooltip').waitFor({ state: 'detached' });
  await closeWindow(page);
});

/** From the first field down to the button that ends the form, and down to the one that makes a password. */
const PLACES = `(() => {
  const top = document.querySelector('[role=dialog] input[type=password]').getBoundingClientRect().top;
  const buttons = [...document.querySelectorAll('[role=dialog] form button')];
  return JSON.stringify(['Generate password', 'Export'].map((name) =>
    buttons.find(({ textContent }) => textContent === name).getBoundingClientRect().top - top));
})()`;

for (const [how, eyes] of Object.entries({ phone: PHONE, desk: {} }))
  void test(`what is said of a password moves nothing: ${how}`, SKIP, async () => {
    const { page } = await signedInAs(oslo, `Ben ${how}`, undefined, eyes);
    await page.goto(`${oslo.url}/overview?properties=${oslo.server.id}`);
    await page.getByRole('button', { name: /^Export encryption keys/ }).click();
    const exporting = page.getByRole('dialog', { name: 'Export encryption keys' });
    const password = exporting.getByLabel('Password', { exact: true });
    const repeated = exporting.getByLabel('Repeat password');
    await password.waitFor();
    const places = await page.evaluate(PLACES);
    for (const [first, second, said] of [
      ['hunter2', '', 'Too short'],
      ['password1234', '', 'Easy to guess'],
      ['wooden stairs creak at midnight 7', 'wooden', 'The two passwords differ'],
      ['wooden stairs creak at midnight 7', 'wooden stairs creak at midnight 7', /^(Good|Strong)/],
    ] as const) {
      await password.fill(first);
      await repeated.fill(second);
      await exporting.getByRole('status').getByText(said).waitFor();
      assert.equal(await page.evaluate(PLACES), places, String(said));
    }
    await closeWindow(page);
  });
