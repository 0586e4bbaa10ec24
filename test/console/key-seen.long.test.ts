/**
 * One key on the screen: all of it, with the id that the data asks for beside it, among all keys of its drive, and seen
 * by everybody who may know that it was seen. And a key that does not open is not called good.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { organisation } from '#test/support/organisation.ts';
import { makeSomeKey } from '#test/support/some-key.ts';
import { accessibilityFaults, closeWindow, SKIP } from './browser.ts';
import { bringKeys } from './brought-keys.ts';
import { type ConsoleServer, consoleServer, signedInAs } from './console-server.ts';

const place = organisation('console-key-seen', { passwords: 'cheap' });
const DRIVE = '5b1c1f0e-5a0b-4c61-9d3e-6f0f7d1b2a90';
const DEVICE = { id: 'c2f0cc00-0000-4000-8000-00000000000c', name: 'laptop-17' };
const RECOVERY_PASSWORD = '471207-278498-422125-177177-561902-537405-468006-693451';
const RECOVERY_ID = '1A2B3C4D-5E6F-4A7B-8C9D-0E1F2A3B4C5D';
let oslo: ConsoleServer;

/** Three of one drive, each in place of the one before, and a recovery password. */
const first = makeSomeKey({
  device: DEVICE,
  locator: { luksUuid: DRIVE },
  createdAt: '2026-01-01T08:00:00.000Z',
});
const second = makeSomeKey({
  device: DEVICE,
  locator: { luksUuid: DRIVE },
  createdAt: '2026-02-01T08:00:00.000Z',
  replaces: first.key.id,
});
const third = makeSomeKey({
  device: DEVICE,
  locator: { luksUuid: DRIVE },
  createdAt: '2026-03-01T08:00:00.000Z',
  replaces: second.key.id,
});
const recovery = makeSomeKey(
  { kind: 'recovery', device: DEVICE, locator: { recoveryId: RECOVERY_ID }, algorithm: 'bitlocker/48' },
  Buffer.from(RECOVERY_PASSWORD),
);

if (SKIP.skip === false)
  before(async () => {
    oslo = await consoleServer(place, 'Oslo');
    await bringKeys(place, oslo.server, [first, second, third, recovery]);
  });

for (const [how, look] of Object.entries({ desk: {}, phone: { width: 390, height: 800 } }))
  void test(
    `a recovery key is shown whole, in groups, with its recovery id beside it: ${how}`,
    SKIP,
    async () => {
      const { page } = await signedInAs(oslo, `Anna ${how}`, undefined, look);
      await page.goto(`${oslo.url}/keys?key=${recovery.key.id}`);
      await page.getByRole('button', { name: 'Show the material…' }).click();
      const dialog = page.getByRole('dialog', { name: 'Show the material of a key' });
      await dialog.getByLabel('Reason').fill('ticket 4711');
      await dialog.getByRole('button', { name: 'Show', exact: true }).click();
      const shown = dialog.locator('[data-material]');
      assert.equal(await shown.textContent(), RECOVERY_PASSWORD);
      await dialog.getByText(RECOVERY_ID).waitFor();
      assert.deepEqual(await accessibilityFaults(page), []);

      // Every group stands inside the box, and the box inside the screen.
      const cut = await shown.evaluate<unknown, never>(`((box) => {
      const { left, right, top, bottom } = box.getBoundingClientRect();
      if (left < 0 || right > innerWidth || box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight)
        return 'the box';
      return [...box.querySelectorAll('.group')].map((one) => [one.textContent, one.getBoundingClientRect()])
        .filter(([, at]) => at.left < left || at.right > right || at.top < top || at.bottom > bottom)
        .map(([text]) => text).join();
    })(document.querySelector('[data-material]'))`);
      assert.equal(cut, '');
      await dialog.getByRole('button', { name: 'Spell it out' }).click();
      await dialog.getByText('Four').first().waitFor();
      assert.equal(await dialog.getByText('hyphen').count(), 7);
      await closeWindow(page);
    },
  );

void test(
  'all keys of a drive are there, the newest first, each with what is known of it',
  SKIP,
  async () => {
    const { page } = await signedInAs(oslo, 'Ben');
    await page.goto(`${oslo.url}/keys?key=${first.key.id}`);
    await page.getByRole('link', { name: 'All keys of this drive' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.locator('tbody tr').nth(2).waitFor();
    assert.equal(await page.locator('tbody tr').count(), 3);
    const states = await page.locator('tbody tr').allTextContents();
    assert.doesNotMatch(states[0]!, /replaced/);
    assert.match(states[1]!, /recorded here · replaced by a newer key/);
    assert.match(states[2]!, /recorded here · replaced by a newer key/);
    for (const [at, { key }] of [third, second, first].entries()) {
      await page.locator('tbody tr').nth(at).getByRole('button').click();
      await page.getByRole('dialog').getByText(key.id, { exact: true }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    await closeWindow(page);
  },
);

void test('whoever may read the audit log sees at the key who has seen it, and why', SKIP, async () => {
  const { page: helper } = await signedInAs(oslo, 'Kari', ['Help desk']);
  const { page: auditor } = await signedInAs(oslo, 'Olav', ['Auditor']);
  await auditor.goto(`${oslo.url}/keys?key=${second.key.id}`);
  await auditor.getByText('Nobody has looked at it on this server.').waitFor();
  await helper.goto(`${oslo.url}/keys?key=${second.key.id}`);
  await helper.getByRole('button', { name: 'Show the material…' }).click();
  await helper.getByLabel('Reason').fill('drive of Nora, ticket 9');
  await helper.getByRole('button', { name: 'Show', exact: true }).click();
  await helper.locator('[data-material]').waitFor();
  await auditor.reload();
  const seen = auditor.getByRole('region', { name: 'Who has seen its material' });
  await seen.getByText('Kari').waitFor();
  await seen.getByText('drive of Nora, ticket 9').waitFor();
  await auditor.goto(`${oslo.url}/audit?find=${second.key.id}`);
  await auditor.getByRole('button', { name: 'key-revealed' }).waitFor();
  await closeWindow(helper);
  await closeWindow(auditor);
});

void test('nothing is called good whose key does not open it', SKIP, async () => {
  const device = await place.enrol('tower', oslo.server);
  const file = place.path('plan.age');
  await device.encrypt('the plan', file);
  const { page } = await signedInAs(oslo, 'Dana');
  const ask = async (name: string): Promise<void> => {
    await page.goto(`${oslo.url}/why`);
    await page.locator('input[type=file]').setInputFiles(place.path(name));
  };
  await ask('plan.age');
  await page.getByText('has it').waitFor();

  // The same header with another claim, as if the file's key were an older one.
  const bytes = readFileSync(file, 'latin1');
  const claim = /^-> keystair \S+ (\S{22})$/m.exec(bytes)![1]!;
  const other = `${claim.startsWith('A') ? 'B' : 'A'}${claim.slice(1)}`;
  writeFileSync(place.path('other.age'), bytes.replace(claim, other), 'latin1');
  await ask('other.age');
  await page.getByText('the claim in the data does not match the key').waitFor();
  assert.equal(
    await page
      .locator('[role=status][data-variant=light]')
      .evaluate(
        'document.querySelector("[role=status][data-variant]").style.getPropertyValue("--alert-color").includes("red")',
      ),
    true,
  );
  for (const path of ['keys', 'devices', 'overview']) {
    await page.goto(`${oslo.url}/${path}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.doesNotMatch(await page.locator('body').innerText(), /verified/i);
  }
  await closeWindow(page);
});
