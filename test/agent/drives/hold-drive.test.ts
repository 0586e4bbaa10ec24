/** One drive is worked on by one process, from the first look to the last write. */
import assert from 'node:assert/strict';
import { linkSync, unlinkSync } from 'node:fs';
import { describe, it } from 'node:test';
import { holdDrive } from '#agent/drives/hold-drive.ts';
import { proveDriveOpens } from '#agent/drives/open-drive.ts';
import { readDrive } from '#agent/drives/read-drive.ts';
import { codeOf } from '#domain/errors.ts';
import { DRIVE } from '#test/sentences/drives.ts';
import { stock, unlessInstalled } from '../system-tools.ts';
import { attached, draft, format, image, opensStock, path, shown, unlessAttaching } from './images.ts';

void describe('two who format one drive', { skip: unlessInstalled('cryptsetup') }, () => {
  void it('are one who formats it and one who is told that it is in use', async () => {
    const name = image();
    const link = path('another-name.img');
    linkSync(name, link);
    const jobs = [draft(name), draft(name), draft(link)];
    const outcomes = await Promise.all(jobs.map(({ job }) => format(job).then(() => 'formatted', codeOf)));
    assert.deepEqual([...outcomes].sort(), ['drive-holds-data', 'drive-holds-data', 'formatted']);
    const winner = jobs[outcomes.indexOf('formatted')]!;
    assert.equal(opensStock(name, winner.passphrase), true);
    assert.equal(Object.keys(shown(name).tokens).length, 1);
    assert.equal((await readDrive(name)).tokens[0]?.keyId, winner.job.keyId);
  });

  void it('while one holds it, nobody else does, with another tool neither', async () => {
    const name = image();
    const drive = await holdDrive(name);
    await assert.rejects(holdDrive(name), { code: 'drive-holds-data', message: DRIVE.inUse });
    assert.throws(() => stock('flock', ['-n', name, 'true']));
    await drive.handle.close();
    await (await holdDrive(name)).handle.close();
  });

  void it('and the drive is refused while it is attached as a loop device under another name', {
    skip: unlessAttaching(),
  }, async () => {
    const [name, link] = [image(), path('attached.img')];
    linkSync(name, link);
    await attached(link, async (device) => {
      await assert.rejects(holdDrive(name), { code: 'drive-holds-data', message: new RegExp(device) });
      unlinkSync(link);
      await assert.rejects(holdDrive(name), { code: 'drive-holds-data', message: new RegExp(device) });
      // The device itself may be formatted, by one.
      const made = draft(device);
      const held = await holdDrive(device);
      await assert.rejects(format(made.job), { code: 'drive-holds-data', message: DRIVE.inUse });
      await held.handle.close();
      await format(made.job);
      assert.equal((await proveDriveOpens({ ...made, path: device })).keyslot, 0);
    });
    assert.equal((await readDrive(name)).tokens.length, 1);
  });
});
