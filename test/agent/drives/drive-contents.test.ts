/** What a place holds before it is formatted: data, a known signature, or nothing that was found. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { describe, it } from 'node:test';
import { holdDrive } from '#agent/drives/hold-drive.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { stock, toolPath, unlessInstalled } from '../system-tools.ts';
import {
  attached,
  checkEmpty,
  digestOf,
  draft,
  format,
  image,
  MIB,
  path,
  standIn,
  unlessAttaching,
  writeAt,
} from './images.ts';
import { DRIVE } from '#test/sentences/drives.ts';

/** Refused by the check and by formatting, and left byte for byte as it was. */
async function refusal(name: string): Promise<KeystairError> {
  const before = digestOf(name);
  try {
    await checkEmpty(name);
  } catch (error) {
    assert.ok(error instanceof KeystairError, String(error));
    assert.equal(await format(draft(name).job).then(() => 'formatted', codeOf), error.code);
    assert.equal(digestOf(name), before);
    return error;
  }
  return assert.fail('accepted');
}

const skip = unlessInstalled('cryptsetup');

void describe('a drive that holds data', { skip }, () => {
  void it('is empty where all looks find nothing, also where all its blocks were written', async () => {
    await checkEmpty(image());
    const written = image();
    writeAt(written, 0, Buffer.alloc(24 * MIB));
    await checkEmpty(written);
  });

  void it('is refused with a file system on it, by its name', {
    skip: unlessInstalled('mkfs.ext4'),
  }, async () => {
    const name = image();
    stock('mkfs.ext4', ['-q', '-F', name]);
    const error = await refusal(name);
    assert.equal(error.code, 'drive-holds-data');
    assert.match(error.sentence, REFUSED['drive-holds-data'].ext4);
  });

  void it('is refused with a swap area or a LUKS volume on it', {
    skip: unlessInstalled('mkswap'),
  }, async () => {
    const [swap, luks] = [image(), image()];
    stock('mkswap', [swap]);
    assert.match((await refusal(swap)).message, /swap/);
    await format(draft(luks).job);
    assert.match((await refusal(luks)).message, /LUKS/);
  });

  const signatures: Readonly<Record<string, readonly [offset: number, magic: string]>> = {
    XFS: [0, 'XFSB'],
    Btrfs: [0x10040, '_BHRfS_M'],
    NTFS: [3, 'NTFS    '],
    BitLocker: [3, '-FVE-FS-'],
    FAT: [0x52, 'FAT32   '],
    LVM: [0x200, 'LABELONE'],
    GPT: [0x200, 'EFI PART'],
    'partition table': [0x1fe, '\x55\xaa'],
    RAID: [0x1000, '\xfc\x4e\x2b\xa9'],
    'second header of a LUKS volume': [0x4000, 'SKUL\xba\xbe'],
  };
  for (const [what, [offset, magic]] of Object.entries(signatures)) {
    void it(`is refused as ${what}, also where blkid is not installed`, async () => {
      const name = image();
      writeAt(name, offset, Buffer.from(magic, 'latin1'));
      await assert.rejects(checkEmpty(name, []), (error) => {
        assert.ok(error instanceof KeystairError);
        return error.code === 'drive-holds-data' && error.message.includes(what);
      });
    });
  }

  void it('is refused for one byte anywhere in the first or last MiB', async () => {
    for (const at of [0, 1, 4097, MIB - 1, 23 * MIB, 24 * MIB - 1]) {
      const name = image();
      writeAt(name, at, Buffer.from([1]));
      assert.equal((await refusal(name)).code, 'drive-holds-data', `at ${at}`);
    }
    const name = image();
    writeAt(name, 23 * MIB, randomBytes(MIB));
    assert.match((await refusal(name)).message, DRIVE.lastMib);
  });

  void it('is refused for what only blkid sees, and for what blkid cannot tell', async () => {
    const found = standIn('blkid', 'echo TYPE=zfs_member');
    const unsure = standIn('blkid', 'exit 8');
    const nothing = standIn('blkid', 'exit 2');
    const name = image();
    await assert.rejects(checkEmpty(name, [found]), /zfs_member/);
    await assert.rejects(checkEmpty(name, [unsure]), { code: 'drive-holds-data' });
    await checkEmpty(name, [nothing]);
  });

  void it('is refused for one byte anywhere, where it is small', async () => {
    for (const at of [MIB, 2 * MIB + 1, 12_345_678, 17 * MIB, 23 * MIB - 1]) {
      const name = image();
      writeAt(name, at, Buffer.from([1]));
      const error = await refusal(name);
      assert.equal(error.code, 'drive-holds-data');
      assert.match(error.message, REFUSED['drive-holds-data'].allRead);
    }
  });

  void it('is refused where it is large: for what is overwritten, its end, and any block that was written', async () => {
    const large = 3 * 1024 * MIB;
    await checkEmpty(image(large));
    for (const at of [MIB, 16 * MIB - 1, large - 1, 1024 * MIB + 17, 2 * 1024 * MIB]) {
      const name = image(large);
      writeAt(name, at, Buffer.from([1]));
      await assert.rejects(checkEmpty(name), { code: 'drive-holds-data' }, `at ${at}`);
    }
    const name = image(large);
    writeAt(name, 1024 * MIB, Buffer.alloc(MIB));
    await assert.rejects(checkEmpty(name), {
      code: 'drive-holds-data',
      message: DRIVE.allocated,
    });
  });

  void it('is refused where it is a large device, for what its samples find', {
    skip: skip === false ? unlessAttaching() : skip,
  }, async () => {
    const name = image(3 * 1024 * MIB);
    // As much as one song: a stick is seldom emptier.
    writeAt(name, 1500 * MIB, randomBytes(8 * MIB));
    await attached(name, async (device) => {
      await assert.rejects(checkEmpty(device), { code: 'drive-holds-data', message: DRIVE.samples });
    });
  });
});

void describe('a path that is no drive', () => {
  void it('is refused where it is missing, a folder, a pipe or a device of characters', async () => {
    const folder = path('folder');
    mkdirSync(folder);
    const pipe = path('pipe');
    stock('mkfifo', [pipe]);
    await assert.rejects(checkEmpty(path('missing')), { code: 'not-found' });
    for (const name of [folder, pipe, '/dev/null', '/dev/zero']) {
      await assert.rejects(checkEmpty(name), { code: 'invalid-argument' });
    }
  });

  void it('is refused where it is too small for a header and data, with both sizes', async () => {
    for (const bytes of [0, 1, 16 * MIB, 20 * MIB - 1]) {
      const refused = holdDrive(image(bytes));
      await assert.rejects(refused, { code: 'invalid-argument', message: DRIVE.tooSmall });
    }
    await checkEmpty(image(20 * MIB));
  });

  void it('is refused where it cannot be written: while a program runs from it', async () => {
    const name = path('program');
    copyFileSync(toolPath('sleep')!, name);
    chmodSync(name, 0o700);
    const running = spawn(name, ['60']);
    try {
      await once(running, 'spawn');
      await assert.rejects(holdDrive(name), { code: 'drive-holds-data' });
    } finally {
      running.kill();
    }
  });

  void it('is refused where it may only be read', {
    skip: process.getuid?.() === 0 ? unlessAttaching() : false,
  }, async () => {
    const name = image();
    if (process.getuid?.() === 0) {
      await attached(name, (device) => assert.rejects(holdDrive(device), { code: 'not-allowed' }), [
        '--read-only',
      ]);
      return;
    }
    chmodSync(name, 0o400);
    await assert.rejects(holdDrive(name), { code: 'not-allowed' });
  });

  void it('is followed where it is a link, and named by what it points to', async () => {
    const name = image();
    const link = path('link');
    symlinkSync(name, link);
    const drive = await holdDrive(link);
    assert.equal(drive.target.path, name);
    await drive.handle.close();
  });
});
