/** What a device says of its drives is so: it looks, and what a key of its own no longer opens is named. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drivesHere } from '#agent/drives-here.ts';
import { findDrives } from '#agent/drives/find-drives.ts';
import { openAgent } from '#test/support/agent-in-process.ts';
import { openServer } from '#test/support/server-in-process.ts';
import { image, MIB, shown, standIn } from './drives/images.ts';
import { disk, listing, listingOf } from './listed-drives.ts';
import { adopt, encrypted, PASSPHRASE } from './others-volume.ts';
import { stock, unlessInstalled } from './system-tools.ts';

const skip = unlessInstalled('cryptsetup');
const { signal } = new AbortController();

test('each drive is listed once: partitions instead of their disk, no disc, nothing that was opened', async () => {
  const part = (name: string, children: readonly object[] = []) => ({
    name,
    type: 'part',
    size: 1,
    children,
  });
  const folders = listingOf([
    disk('/dev/sda', {
      serial: ' S1\u001b\n',
      rm: false,
      children: [
        part('/dev/sda1'),
        part('/dev/sda2', [
          {
            name: '/dev/mapper/x',
            type: 'crypt',
            size: 1,
            children: [{ name: '/dev/mapper/in', type: 'lvm', size: 1 }],
          },
        ]),
      ],
    }),
    disk('/dev/sdb', { hotplug: '1' }),
    disk('/dev/sdc', { size: 0 }),
    { name: '/dev/sr0', type: 'rom', size: 1 },
  ]);
  assert.deepEqual(
    (await findDrives({ folders })).map(({ path, serial, removable }) => [path, serial, removable]),
    [
      ['/dev/sda1', 'S1', false],
      ['/dev/sda2', 'S1', false],
      ['/dev/sdb', null, true],
    ],
    'a partition is told by its disk',
  );
  for (const broken of ['exit 1', 'echo "{"', 'echo "[]"'])
    await assert.rejects(findDrives({ folders: [standIn('lsblk', broken)] }), { code: 'tool-failed' });
  await assert.rejects(findDrives({ folders: [] }), { code: 'tool-missing' });
});

test('a drive in custody, one that is not, one whose keyslot was removed, and one that is gone', {
  skip,
}, async () => {
  const agent = openAgent();
  await agent.enrolWith(await openServer('Oslo'));
  const [kept, killed] = [encrypted('--label=Attic'), encrypted()];
  const { key, uuid } = await adopt(agent, kept);
  await adopt(agent, killed);
  // Its own keyslot is gone, and the token names somebody else's.
  const [number, token] = Object.entries(shown(killed).tokens)[0]!;
  stock('cryptsetup', ['luksKillSlot', '--batch-mode', '--key-file=-', killed, '1'], { input: PASSPHRASE });
  stock('cryptsetup', ['token', 'remove', `--token-id=${number}`, killed]);
  stock('cryptsetup', ['token', 'import', '--json-file=-', killed], {
    input: JSON.stringify({ ...(token as object), keyslots: ['0'] }),
  });
  const [foreign, plain] = [encrypted(), image(32 * MIB)];
  const folders = listing([kept, killed, foreign, plain, `${plain}-gone`]);
  const found = await drivesHere(agent.ports, { signal, folders });
  assert.deepEqual(
    found.map(({ path, state, problem }) => [path, state, problem === null]),
    [
      [kept, 'encrypted without rule', true],
      [killed, 'error', false],
      [foreign, 'encrypted without rule', true],
      [plain, 'no rule', true],
    ],
  );
  const { uuid: shownUuid, label, key: shownKey } = found[0]!;
  assert.deepEqual([shownUuid, label, shownKey], [uuid, 'Attic', key]);
  assert.deepEqual([found[2]!.key, found[3]!.uuid], [null, null]);
});
