/**
 * What lies at a path where a drive is to be made: a block device or an image file, how large, and whether anything
 * uses it. What is in use is never written to, `--erase` or not.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, readFile, realpath } from 'node:fs/promises';
import { KeystairError } from '#domain/errors.ts';
import { DRIVE_BYTES_MIN } from '#domain/limits.ts';

export interface DriveTarget {
  /** Absolute, without links. */
  readonly path: string;
  readonly kind: 'block-device' | 'image-file';
  readonly bytes: number;
}

const MIB = 1024 * 1024;

function inUse(path: string, how: string): KeystairError {
  return new KeystairError('drive-holds-data', `${path} is in use: ${how}`, {
    nextStep: 'unmount and close it first, and make sure that it is the drive you mean',
  });
}

/** Errors of the operating system at a drive, as a failure a person can act on. */
export function driveFailure(error: unknown, path: string): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENXIO':
    case 'ENOMEDIUM':
      return new KeystairError('not-found', `there is no drive at ${path}`, {
        nextStep: 'check the path; `lsblk` lists the drives of this machine',
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new KeystairError('not-allowed', `${path} may not be opened`, {
        nextStep: 'run as root, and check that the drive is not write-protected',
        cause: error,
      });
    case 'EBUSY':
      return inUse(path, 'something has it open for itself, for instance a mount or another mapping');
    case 'EISDIR':
      return new KeystairError('invalid-argument', `${path} is a directory`, {
        nextStep: 'name a block device or an image file; `lsblk` lists the drives of this machine',
        cause: error,
      });
    case 'EIO':
      return new KeystairError('tool-failed', `${path} reports a read or write error`, {
        nextStep: 'look at the system log, and use another drive',
        cause: error,
      });
    case undefined:
    default:
      return error;
  }
}

/** The kernel's two numbers of a block device, as its files in /sys name it. */
function deviceNumber(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return `${major}:${minor}`;
}

/** Bytes of a block device: `stat` says 0, the kernel counts sectors of 512 bytes whatever the drive's own are. */
async function blockDeviceBytes(number: string): Promise<number> {
  return Number((await readFile(`/sys/dev/block/${number}/size`, 'utf8')).trim()) * 512;
}

/** Whether a loop device shows this file as a drive. */
async function refuseLoopBacking(path: string): Promise<void> {
  const devices = await readdir('/sys/block').catch(() => []);
  for (const device of devices.filter((name) => name.startsWith('loop'))) {
    const backing = await readFile(`/sys/block/${device}/loop/backing_file`, 'utf8').catch(() => '');
    if (backing.trimEnd() === path) throw inUse(path, `it is attached as /dev/${device}`);
  }
}

/** The path without links, absolute: so it cannot be taken for an option either. */
export async function resolveDrivePath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    throw driveFailure(error, path);
  }
}

/** Throws `not-found`, `not-allowed`, `invalid-argument`, or `drive-holds-data` where it is in use. */
export async function inspectTarget(path: string): Promise<DriveTarget> {
  let handle: FileHandle | undefined;
  try {
    const real = await resolveDrivePath(path);
    // Non-blocking, for a pipe would wait for its other end. The type is asked of what was opened, not of the name.
    handle = await open(real, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await handle.stat({ bigint: true });
    if (!stat.isBlockDevice() && !stat.isFile()) {
      throw new KeystairError('invalid-argument', `${path} is neither a block device nor an image file`, {
        nextStep: 'name a drive (`lsblk` lists them), or make an image file with `truncate --size`',
      });
    }
    const target: DriveTarget = stat.isFile()
      ? { path: real, kind: 'image-file', bytes: Number(stat.size) }
      : { path: real, kind: 'block-device', bytes: await blockDeviceBytes(deviceNumber(stat.rdev)) };
    await refuseInUse(target);
    if (target.bytes < DRIVE_BYTES_MIN) {
      throw new KeystairError(
        'invalid-argument',
        `${path} has ${Math.floor(target.bytes / MIB)} MiB; an encrypted drive needs ${DRIVE_BYTES_MIN / MIB} MiB at least`,
        { nextStep: 'use a larger drive or image file' },
      );
    }
    return target;
  } catch (error) {
    throw driveFailure(error, path);
  } finally {
    await handle?.close();
  }
}

async function refuseInUse(target: DriveTarget): Promise<void> {
  if (target.kind === 'image-file') await refuseLoopBacking(target.path);
  else await (await openForWriting(target)).close();
}

/**
 * A block device is opened exclusively, which the kernel refuses while the device or a partition of it is mounted,
 * swapped to, or mapped.
 */
export async function openForWriting(target: DriveTarget): Promise<FileHandle> {
  const exclusive = target.kind === 'block-device' ? constants.O_EXCL : 0;
  try {
    return await open(target.path, constants.O_RDWR | exclusive);
  } catch (error) {
    throw driveFailure(error, target.path);
  }
}
