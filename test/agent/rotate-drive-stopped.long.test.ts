/** A drive gets a new key: stopped at any step, it opens with a key in custody, and the same again finishes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDriveForDevice } from '#agent/drive-commands.ts';
import { rotateDriveForDevice } from '#agent/rotate-drive.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { adopted, agent, finder, namesIn, requireOnly, signal } from './adopted-drives.ts';
import { PASSPHRASE } from './others-volume.ts';
import { opensStock, standIn } from './drives/images.ts';
import { unlessInstalled } from './system-tools.ts';

const skip = unlessInstalled('cryptsetup');
const STEPS = ['luksAddKey', 'token import', 'luksKillSlot', 'token remove'];

for (const step of STEPS)
  for (const when of ['before', 'after'] as const)
    test(`stopped ${when} ${step}, the drive opens with a key in custody, and the same again finishes`, {
      skip,
    }, async () => {
      const { path, key: old } = await adopted();
      const stops = `case "$1 $2" in "${step}"*) ${when === 'after' ? '"$TOOL" "$@";' : ''} exit 9;; esac; exec "$TOOL" "$@"`;
      const folders = [standIn('cryptsetup', stops), '/usr/bin', '/bin', '/usr/sbin', '/sbin'];
      await assert.rejects(rotateDriveForDevice(agent.ports, { path, signal, folders }), {
        code: 'tool-failed',
      });
      const opened = await testDriveForDevice(finder.ports, { path, signal });
      const named = namesIn(path);
      assert.ok(named.includes(opened.key));
      assert.ok(opensStock(path, KeyMaterial.fromText(PASSPHRASE)));
      const done = await rotateDriveForDevice(agent.ports, { path, signal });
      const isOver = step === 'token remove' && when === 'after';
      assert.equal(done.replaces === old, !isOver);
      const material = agent.ports.state.key(old)!.material!;
      assert.equal(opensStock(path, material), false);
      await requireOnly(path, done.key);
      // Only where nothing was added yet is the key that was made for it left unused.
      const made = agent.ports.state.keys().filter(({ record }) => record?.replaces === old);
      assert.equal(made.length, step === 'luksAddKey' && when === 'before' ? 2 : 1);
    });
