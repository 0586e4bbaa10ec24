/** A drive gets a new key from whoever holds it, and whoever has a passphrase of their own keeps it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rotateDriveForDevice } from '#agent/rotate-drive.ts';
import { adopted, agent, finder, requireOnly, server, signal } from './adopted-drives.ts';
import { shown } from './drives/images.ts';
import { stock, unlessInstalled } from './system-tools.ts';

const skip = unlessInstalled('cryptsetup');

test('a device that never had the drive rotates it with the key from custody', { skip }, async () => {
  const { path, key: old } = await adopted();
  const { key, replaces } = await rotateDriveForDevice(finder.ports, { path, signal });
  assert.equal(replaces, old);
  await requireOnly(path, key);
  const { key: shownKey } = await server.call('showKey', { id: key });
  assert.deepEqual([shownKey.replaces, shownKey.kind], [old, 'volume']);
  assert.ok(await server.has(old));
});

test("an altered token that names somebody's own keyslot takes nothing from them", { skip }, async () => {
  const { path } = await adopted();
  const [number] = Object.keys(shown(path).tokens);
  const token = Object.values(shown(path).tokens)[0] as object;
  stock('cryptsetup', ['token', 'remove', `--token-id=${number}`, path]);
  stock('cryptsetup', ['token', 'import', '--json-file=-', path], {
    input: JSON.stringify({ ...token, keyslots: ['0', '1'] }),
  });
  const { key } = await rotateDriveForDevice(agent.ports, { path, signal });
  await requireOnly(path, key);
});
