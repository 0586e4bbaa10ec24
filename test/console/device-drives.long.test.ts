/** What devices told of their drives, at the console: in the list, beside the device, and in the report for the records. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, test } from 'node:test';
import { withServer } from '#agent/server-connection.ts';
import { AgentState } from '#agent/state.ts';
import { makeSomeKey } from '#test/support/some-key.ts';
import { organisation } from '#test/support/organisation.ts';
import { REPORTED_DRIVE } from '#test/support/reported-drive.ts';
import { bringKeys } from './brought-keys.ts';
import { closeWindow, newWindow, SKIP, signIn, untilTrue } from './browser.ts';
import { consoleServer, type ConsoleServer, signedInAs, type SignedIn } from './console-server.ts';
import { look, LOOKS } from './look.ts';

const place = organisation('console-drives', { passwords: 'cheap' });
let oslo: ConsoleServer;
let anna: SignedIn;

const PLAIN = { ...REPORTED_DRIVE, serial: 'S5GXNX0T', model: 'Samsung SSD 980 PRO 1TB' };
const LUKS_UUID = '0d0c6d5c-7a2f-4d3b-9c4b-3c1e2c1d9a11';
/** The key of a drive, which somebody saw. */
const SEEN = makeSomeKey({
  device: { id: 'c2f0cc00-0000-4000-8000-00000000000c', name: 'laptop' },
  locator: { luksUuid: LUKS_UUID, label: 'Attic' },
});
const KEPT = {
  ...PLAIN,
  uuid: LUKS_UUID,
  label: 'Attic',
  state: 'done' as const,
  key: SEEN.key.id,
};
const NONE = { en: 'No device matches.', de: 'Kein Gerät passt.' } as const;
const NOT_ROTATED = { en: /revealed, not rotated/, de: /gezeigt und nicht ersetzt/ } as const;
const LOST = 'the key in custody no longer opens /dev/nvme0n1p4; take it into custody again at the device';

if (SKIP.skip === false)
  before(async () => {
    oslo = await consoleServer(place, 'Oslo');
    await place.enrol('silent', oslo.server);
    await bringKeys(place, oslo.server, [SEEN]);
    await oslo.server.call('revealKey', { id: SEEN.key.id, reason: 'ticket 4711' });
    const agent = await place.enrol('laptop', oslo.server);
    const state = AgentState.open(agent.state, { create: false });
    const provedAt = new Date().toISOString();
    const drives = [
      { ...KEPT, path: '/dev/nvme0n1p3', provedAt },
      { ...KEPT, path: '/dev/nvme0n1p4', state: 'error' as const, provedAt, problem: LOST },
      { ...PLAIN, path: '/dev/nvme0n1p1' },
    ];
    await withServer({ state, clock: Date.now, random: (bytes) => randomBytes(bytes) }, (calls) =>
      calls.call('deviceHeartbeat', {
        name: 'laptop',
        receipts: { count: 0, digest: '0'.repeat(64) },
        drives: { digest: '0123456789abcdef', report: { drives, left: 0, problem: null } },
      }),
    );
    state.close();
    anna = await signedInAs(oslo, 'Anna Berg');
  });

void test(
  'a drive that no longer opens is seen in the list, and told in full beside its device',
  SKIP,
  async () => {
    const { page } = anna;
    await page.goto(`${oslo.url}/devices`);
    const row = page.getByRole('row', { name: /laptop/ });
    await row.getByText('1 problem').waitFor();
    await row.getByRole('button', { name: 'laptop', exact: true }).click();
    const drive = page.getByRole('region', { name: '/dev/nvme0n1p4' });
    await drive.getByText(/no longer opens/).waitFor();
    const kept = page.getByRole('region', { name: '/dev/nvme0n1p3' });
    await kept.getByText('done').waitFor();
    await kept.getByRole('link', { name: 'To this key' }).click();
    await page.getByRole('dialog').getByText(LUKS_UUID).first().waitFor();
  },
);

void test('the report for the records says how many drives were proved', SKIP, async () => {
  const { page } = anna;
  await page.goto(`${oslo.url}/reports`);
  await page.getByRole('button', { name: 'Make the report' }).click();
  await page.getByText('Of 2 drives that must be in custody, 1 was proved').waitFor();
  const row = page.getByRole('row', { name: /laptop/ });
  assert.equal(await row.getByRole('cell', { name: '1 problem' }).count(), 1);
});

for (const [how, eyes] of Object.entries(LOOKS))
  void test(`devices with drives look right: ${how}`, SKIP, async () => {
    const page = await newWindow(eyes);
    await signIn(page, oslo.url, 'Anna Berg', anna.setUp, eyes.language);
    await page.goto(`${oslo.url}/devices`);
    await page.getByRole('row', { name: /laptop/ }).waitFor();
    await look(page, 'devices-with-drives', how);
    await page.getByRole('button', { name: 'laptop', exact: true }).click();
    await page.getByRole('region', { name: '/dev/nvme0n1p4' }).waitFor();
    await untilTrue(page, `document.getAnimations().every(({ playState }) => playState !== 'running')`);
    await look(page, 'device-details', how);
    await page.goto(`${oslo.url}/devices`);
    await page.getByRole('button', { name: 'silent', exact: true }).click();
    await page.getByRole('dialog').locator('table').waitFor();
    await look(page, 'device-details-empty', how);
    await page.goto(`${oslo.url}/devices?find=nothing`);
    await page
      .locator('main')
      .getByText(NONE[eyes.language ?? 'en'])
      .waitFor();
    await look(page, 'devices-none', how);
    await page.goto(`${oslo.url}/keys`);
    await page.getByText(NOT_ROTATED[eyes.language ?? 'en']).waitFor();
    await look(page, 'keys-not-rotated', how);
    await page.goto(`${oslo.url}/keys?key=${SEEN.key.id}`);
    await page.getByRole('dialog').locator('table').waitFor();
    await look(page, 'key-not-rotated', how);
    await page.goto(`${oslo.url}/reports`);
    await page.locator('main button').last().click();
    await page.getByRole('cell', { name: /1 [Pp]roblem/ }).waitFor();
    await look(page, 'report-with-drives', how);
    await closeWindow(page);
  });
