/** What is told of a drive without a LUKS header names what is there, and never a command that destroys it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { readDrive } from '#agent/drives/read-drive.ts';
import { KeystairError } from '#domain/errors.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { DRIVE } from '#test/sentences/drives.ts';
import { stock, unlessInstalled } from '../system-tools.ts';
import { attached, formatted, image, MIB, unlessAttaching, writeAt } from './images.ts';

async function told(name: string, code = 'drive-not-luks'): Promise<string> {
  try {
    await readDrive(name);
  } catch (error) {
    assert.ok(error instanceof KeystairError, String(error));
    assert.equal(error.code, code);
    assert.doesNotMatch(error.sentence, /format-drive|--erase|luksFormat/);
    return error.sentence;
  }
  return assert.fail('a header was found');
}

const SECTOR = 512;
/** Where the two partitions begin, in sectors. */
const BEGIN: readonly number[] = [2048, 18432];

function dosTable(): Buffer {
  const front = Buffer.alloc(SECTOR);
  for (const [index, sector] of BEGIN.entries()) {
    const at = 446 + 16 * index;
    front[at + 4] = 0x83;
    front.writeUInt32LE(sector, at + 8);
    front.writeUInt32LE(16384, at + 12);
  }
  front.writeUInt16BE(0x55aa, 510);
  return front;
}

/** With the DOS entry that guards it, a hole in its list, and as many entries as a file may claim. */
function gptTable(): Buffer {
  const front = Buffer.alloc(34 * SECTOR);
  front[446 + 4] = 0xee;
  front.writeUInt32LE(1, 446 + 8);
  front.writeUInt16BE(0x55aa, 510);
  front.write('EFI PART', SECTOR, 'latin1');
  front.writeBigUInt64LE(2n, SECTOR + 72);
  front.writeUInt32LE(2 ** 32 - 1, SECTOR + 80);
  front.writeUInt32LE(128, SECTOR + 84);
  for (const [index, sector] of BEGIN.entries()) {
    const at = 2 * SECTOR + 128 * 2 * index;
    front.fill(0x0f, at, at + 16);
    front.writeBigUInt64LE(BigInt(sector), at + 32);
  }
  return front;
}

function beginningWith(front: Buffer): string {
  const name = image();
  writeAt(name, 0, front);
  return name;
}

void describe('a drive without a LUKS header', () => {
  void it('and with a partition table is told with its partitions', async () => {
    assert.match(await told(beginningWith(dosTable())), DRIVE.partitionsOne);
    assert.match(await told(beginningWith(gptTable())), DRIVE.partitionsThree);
  });

  void it('and with a partition table is told with their names, where it is a device', {
    skip: unlessAttaching(),
  }, async () => {
    await attached(beginningWith(gptTable()), async (device) => {
      assert.ok((await told(device)).includes(`${device}p1, ${device}p3`));
    });
  });

  void it('and with a table that says nothing true is told all the same', async () => {
    for (const at of [72, 80, 84]) {
      const front = gptTable();
      front.fill(0xff, SECTOR + at, SECTOR + at + 4);
      await told(beginningWith(front));
      front.fill(0, SECTOR + at, SECTOR + at + 4);
      await told(beginningWith(front));
    }
  });

  void it('because it was overwritten is told as that: what is left of a second header, or data behind nothing', {
    skip: unlessInstalled('cryptsetup'),
  }, async () => {
    const { job } = await formatted();
    writeAt(job.path, 0, Buffer.alloc(0x4000));
    writeAt(job.path, 0x4000 + 4096, randomBytes(100));
    assert.match(await told(job.path, 'drive-altered'), DRIVE.wasLuks);
    writeAt(job.path, 0, Buffer.alloc(MIB));
    assert.match(await told(job.path), REFUSED['drive-not-luks'].beginningEmpty);
  });

  void it('because BitLocker encrypted it is told with the way to its recovery password', async () => {
    const front = dosTable();
    front.write('-FVE-FS-', 3, 'latin1');
    assert.match(await told(beginningWith(front)), DRIVE.bitlocker);
  });

  void it('is told as empty, or by what is on it', { skip: unlessInstalled('mkfs.ext4') }, async () => {
    assert.match(await told(image()), REFUSED['drive-not-luks'].nothingOnIt);
    const name = image();
    stock('mkfs.ext4', ['-q', '-F', name]);
    assert.match(await told(name), /ext4/);
  });
});
