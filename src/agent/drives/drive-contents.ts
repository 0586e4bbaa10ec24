/**
 * Whether a drive holds data. Two looks, of which either suffices to refuse: a signature that `blkid` or our own table
 * knows, and any byte other than zero in the first or last MiB, which catches whatever has no signature.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { KeystairError } from '#domain/errors.ts';
import { DRIVE_PROBE_BYTES } from '#domain/limits.ts';
import { driveFailure, type DriveTarget, inspectTarget, openForWriting, readAt } from './drive-target.ts';
import { findTool, runTool } from './run-tool.ts';

/** Where blkid is missing, these at least are called by their names. Offsets from the beginning. */
const SIGNATURES: readonly (readonly [name: string, offset: number, magic: string])[] = [
  ['a LUKS volume', 0, 'LUKS\xba\xbe'],
  ['the second header of a LUKS volume', 0x4000, 'SKUL\xba\xbe'],
  ['an ext2, ext3 or ext4 file system', 0x438, '\x53\xef'],
  ['an XFS file system', 0, 'XFSB'],
  ['a Btrfs file system', 0x10040, '_BHRfS_M'],
  ['an NTFS file system', 3, 'NTFS    '],
  ['a BitLocker volume', 3, '-FVE-FS-'],
  ['an exFAT file system', 3, 'EXFAT   '],
  ['a FAT file system', 0x36, 'FAT1'],
  ['a FAT file system', 0x52, 'FAT32   '],
  ['a swap area', 0xff6, 'SWAPSPACE2'],
  ['an APFS container', 0x20, 'NXSB'],
  ['an ISO 9660 image', 0x8001, 'CD001'],
  ['an LVM physical volume', 0x200, 'LABELONE'],
  ['a member of a Linux RAID', 0x1000, '\xfc\x4e\x2b\xa9'],
  ['a ZFS pool', 0x20000, '\x0c\xb1\xba\x00\x00\x00\x00\x00'],
  ['a GPT partition table', 0x200, 'EFI PART'],
  // Last: boot sectors of file systems end like this too.
  ['a partition table', 0x1fe, '\x55\xaa'],
];

function holdsData(path: string, what: string): KeystairError {
  return new KeystairError('drive-holds-data', `${path} holds data: ${what}`, {
    nextStep: 'make sure that it is the drive you mean; --erase destroys what is on it',
  });
}

const ZEROS = Buffer.alloc(DRIVE_PROBE_BYTES);

/** What our own look finds, in words; undefined where both ends are zero. */
function contentsOf(head: Buffer, tail: Buffer): string | undefined {
  const known = SIGNATURES.find(([, offset, magic]) =>
    head.subarray(offset, offset + magic.length).equals(Buffer.from(magic, 'latin1')),
  );
  if (known !== undefined) return known[0];
  if (!head.equals(ZEROS.subarray(0, head.length))) return 'bytes other than zero in its first MiB';
  if (!tail.equals(ZEROS.subarray(0, tail.length))) return 'bytes other than zero in its last MiB';
  return undefined;
}

/** What blkid's low-level probe finds. Exit code 2 is its "nothing"; anything else it could not rule out. */
async function probe(path: string, folders?: readonly string[]): Promise<string | undefined> {
  const blkid = await findTool('blkid', folders);
  if (blkid === undefined) return undefined;
  const run = await runTool(blkid, ['-p', '-o', 'export', path], { folders });
  if (run.exitCode === 2) return undefined;
  const kind = /^(?:TYPE|PTTYPE)=([\x20-\x7e]{1,64})$/m.exec(run.stdout)?.[1];
  return kind === undefined ? 'a signature that blkid cannot tell for certain' : `a signature of ${kind}`;
}

export interface DriveCheck {
  readonly path: string;
  /** The person wants what is there destroyed: only what is in use, too small or no drive at all is refused. */
  readonly erase?: boolean;
  /** Where the system's tools are. */
  readonly folders?: readonly string[] | undefined;
}

/** Changes nothing. Throws `drive-holds-data`, and what `inspectTarget` throws. */
export async function checkDriveEmpty({ path, erase = false, folders }: DriveCheck): Promise<DriveTarget> {
  const target = await inspectTarget(path);
  if (erase) return target;
  let handle: FileHandle | undefined;
  try {
    handle = await open(target.path, 'r');
    const head = await readAt(handle, 0, DRIVE_PROBE_BYTES);
    const tail = await readAt(handle, target.bytes - DRIVE_PROBE_BYTES, DRIVE_PROBE_BYTES);
    const what = contentsOf(head, tail) ?? (await probe(target.path, folders));
    if (what !== undefined) throw holdsData(path, what);
    return target;
  } catch (error) {
    throw driveFailure(error, path);
  } finally {
    await handle?.close();
  }
}

/** Makes what others wrote to the drive durable. */
export async function flush(target: DriveTarget): Promise<void> {
  await wipe(target, 0, 0);
}

/** Overwrites a part of a drive with zeros, durably. */
export async function wipe(target: DriveTarget, offset: number, length: number): Promise<void> {
  const handle = await openForWriting(target);
  try {
    for (let at = 0; at < length; ) {
      const piece = ZEROS.subarray(0, Math.min(ZEROS.length, length - at));
      at += (await handle.write(piece, 0, piece.length, offset + at)).bytesWritten;
    }
    await handle.sync();
  } catch (error) {
    throw driveFailure(error, target.path);
  } finally {
    await handle.close();
  }
}
