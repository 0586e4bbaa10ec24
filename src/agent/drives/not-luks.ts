/**
 * What to say of a drive without a LUKS header. It names what is there and never a command that would destroy it: the
 * header may have been overwritten, or the path may be wrong, and both look like an empty drive at first sight.
 */
import { KeystairError } from '#domain/errors.ts';
import { lookAtContents } from './drive-contents.ts';
import type { DriveTarget, OpenDrive } from './drive-target.ts';
import { partitionsOf } from './partition-table.ts';

const NAMED_MAX = 8;
/** Of a volume that BitLocker encrypted, in the place where a file system's boot sector names itself. */
const BITLOCKER_MAGIC = Buffer.from('-FVE-FS-');
const BITLOCKER_AT = 3;

/** Named as the kernel does: `sdb1`, and where the disk's own name ends with a digit `loop0p1`. */
function partitionWords({ path, kind }: DriveTarget, front: Buffer): string | undefined {
  const partitions = partitionsOf(front);
  if (partitions === undefined) return undefined;
  const words = partitions.slice(0, NAMED_MAX).map(({ number, offset }) => {
    if (kind === 'image-file') return `${number} at byte ${offset}`;
    return `${path}${/[0-9]$/.test(path) ? 'p' : ''}${number}`;
  });
  if (partitions.length > NAMED_MAX) words.push(`${partitions.length - NAMED_MAX} more`);
  return words.join(', ');
}

function notLuks(path: string, what: string, nextStep: string, details: object = {}): KeystairError {
  return new KeystairError('drive-not-luks', `${path} holds no LUKS volume: ${what}`, {
    nextStep,
    details: { ...details },
  });
}

/** @param front the drive's first bytes, which hold no header. */
export async function describeNotLuks(
  drive: OpenDrive,
  front: Buffer,
  folders?: readonly string[],
): Promise<KeystairError> {
  const { path, kind } = drive.target;
  // First: its boot sector ends like a partition table.
  if (front.subarray(BITLOCKER_AT, BITLOCKER_AT + BITLOCKER_MAGIC.length).equals(BITLOCKER_MAGIC)) {
    return notLuks(
      path,
      'it is a BitLocker volume',
      'open it with Windows, which shows the id of its recovery password: an administrator finds the password by that id',
    );
  }
  const partitions = partitionWords(drive.target, front);
  if (partitions !== undefined) {
    return notLuks(
      path,
      `it has a partition table with the partitions ${partitions}`,
      kind === 'image-file'
        ? 'one of them may hold the volume: `losetup --find --show --partscan` shows each as a separate drive'
        : 'name the partition that holds the volume; `lsblk --fs` shows what each holds',
      { partitions },
    );
  }
  const { found, lookedAt } = await lookAtContents(drive, folders);
  if (found === undefined) {
    return notLuks(path, `it is empty (${lookedAt})`, 'check the path; `lsblk` lists the drives');
  }
  const blank = front.subarray(0, 4096).every((byte) => byte === 0);
  if (!blank) return notLuks(path, found, 'check the path; `lsblk --fs` shows what is on each drive');
  return notLuks(
    path,
    `its beginning is empty, and it has ${found}, like a drive whose header was overwritten`,
    'do not write to it; if it was encrypted, restore its header from a backup with `cryptsetup luksHeaderRestore`',
  );
}
