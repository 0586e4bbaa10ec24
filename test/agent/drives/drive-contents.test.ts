import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { describe, it } from 'node:test';
import { checkDriveEmpty } from '#agent/drives/drive-contents.ts';
import { formatDrive } from '#agent/drives/format-drive.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { stock, unlessInstalled } from '../system-tools.ts';
import { digestOf, draft, image, MIB, path, standIn, writeAt } from './images.ts';

/** Refused by the check and by formatting, and left byte for byte as it was. */
async function refusal(name: string): Promise<KeystairError> {
  const before = digestOf(name);
  try {
    await checkDriveEmpty({ path: name });
  } catch (error) {
    assert.ok(error instanceof KeystairError, String(error));
    assert.equal(await formatDrive(draft(name).job).then(() => 'formatted', codeOf), error.code);
    assert.equal(digestOf(name), before);
    return error;
  }
  return assert.fail('accepted');
}

const skip = unlessInstalled('cryptsetup');

void describe('a drive that holds data', { skip }, () => {
  void it('is empty where all looks find nothing', async () => {
    const name = image();
    assert.deepEqual(await checkDriveEmpty({ path: name }), {
      path: name,
      kind: 'image-file',
      bytes: 24 * MIB,
    });
  });

  void it('is refused with a file system on it, by its name', {
    skip: unlessInstalled('mkfs.ext4'),
  }, async () => {
    const name = image();
    stock('mkfs.ext4', ['-q', '-F', name]);
    const error = await refusal(name);
    assert.equal(error.code, 'drive-holds-data');
    assert.match(error.sentence, /ext4.*--erase/);
  });

  void it('is refused with a swap area or a LUKS volume on it', {
    skip: unlessInstalled('mkswap'),
  }, async () => {
    const [swap, luks] = [image(), image()];
    stock('mkswap', [swap]);
    assert.match((await refusal(swap)).message, /swap/);
    await formatDrive(draft(luks).job);
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
      await assert.rejects(checkDriveEmpty({ path: name, folders: [] }), (error) => {
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
    assert.match((await refusal(name)).message, /last MiB/);
  });

  void it('is refused for what only blkid sees, and for what blkid cannot tell', async () => {
    const found = standIn('blkid', 'echo TYPE=zfs_member');
    const unsure = standIn('blkid', 'exit 8');
    const nothing = standIn('blkid', 'exit 2');
    const name = image();
    await assert.rejects(checkDriveEmpty({ path: name, folders: [found] }), /zfs_member/);
    await assert.rejects(checkDriveEmpty({ path: name, folders: [unsure] }), { code: 'drive-holds-data' });
    await checkDriveEmpty({ path: name, folders: [nothing] });
  });

  void it('is accepted where the person says that it be erased', async () => {
    const name = image();
    writeAt(name, 0, randomBytes(MIB));
    assert.equal((await checkDriveEmpty({ path: name, erase: true })).bytes, 24 * MIB);
  });
});

void describe('a path that is no drive', () => {
  void it('is refused where it is missing, a folder, a pipe or a device of characters, also with erase', async () => {
    const folder = path('folder');
    mkdirSync(folder);
    const pipe = path('pipe');
    stock('mkfifo', [pipe]);
    for (const erase of [false, true]) {
      await assert.rejects(checkDriveEmpty({ path: path('missing'), erase }), { code: 'not-found' });
      for (const name of [folder, pipe, '/dev/null', '/dev/zero']) {
        await assert.rejects(checkDriveEmpty({ path: name, erase }), { code: 'invalid-argument' });
      }
    }
  });

  void it('is refused where it is too small for a header and data, with both sizes', async () => {
    for (const bytes of [0, 1, 16 * MIB, 20 * MIB - 1]) {
      const refused = checkDriveEmpty({ path: image(bytes), erase: true });
      await assert.rejects(refused, { code: 'invalid-argument', message: /needs 20 MiB at least/ });
    }
    await checkDriveEmpty({ path: image(20 * MIB) });
  });

  // Root may read all, so there is nothing to refuse.
  if (process.getuid?.() !== 0) {
    void it('is refused where it may not be read', async () => {
      const name = image();
      chmodSync(name, 0);
      await assert.rejects(checkDriveEmpty({ path: name }), { code: 'not-allowed' });
    });
  }

  void it('is followed where it is a link, and named by what it points to', async () => {
    const name = image();
    const link = path('link');
    symlinkSync(name, link);
    assert.equal((await checkDriveEmpty({ path: link })).path, name);
  });
});
