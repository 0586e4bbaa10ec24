/**
 * What lies at a path where a drive is to be made: a block device or an image file, how large, and whether anything
 * uses it. What is in use is never written to, `--erase` or not.
 */
import { type BigIntStats, constants } from 'node:fs';
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
async function resolveDrivePath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    throw driveFailure(error, path);
  }
}

/** What is no drive, by its name. */
function kindOf(stat: BigIntStats): string {
  if (stat.isFIFO()) return 'a pipe';
  if (stat.isDirectory()) return 'a directory';
  return stat.isCharacterDevice() ? 'a device of characters' : 'something else';
}

/** A drive that was opened. Whoever has it closes `handle`. */
export interface OpenDrive {
  readonly target: DriveTarget;
  readonly handle: FileHandle;
}

/**
 * Opens a drive for reading. Throws `not-found`, `not-allowed`, or `invalid-argument` where the path is no drive.
 * Never waits: a pipe would for its other end. The type is asked of what was opened, not of the name.
 */
export async function openDrive(path: string): Promise<OpenDrive> {
  let handle: FileHandle | undefined;
  try {
    const real = await resolveDrivePath(path);
    handle = await open(real, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await handle.stat({ bigint: true });
    if (stat.isFile())
      return { handle, target: { path: real, kind: 'image-file', bytes: Number(stat.size) } };
    if (stat.isBlockDevice()) {
      const bytes = await blockDeviceBytes(deviceNumber(stat.rdev));
      return { handle, target: { path: real, kind: 'block-device', bytes } };
    }
    throw new KeystairError('invalid-argument', `${path} is ${kindOf(stat)} and no drive`, {
      nextStep: 'name a block device (`lsblk` lists them) or an image file',
    });
  } catch (error) {
    await handle?.close();
    throw driveFailure(error, path);
  }
}

/** Reads until `length` bytes or the end. */
export async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(bytes, read, length - read, offset + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}

/** Throws `not-found`, `not-allowed`, `invalid-argument`, or `drive-holds-data` where it is in use. */
export async function inspectTarget(path: string): Promise<DriveTarget> {
  let handle: FileHandle | undefined;
  try {
    const drive = await openDrive(path);
    handle = drive.handle;
    const { target } = drive;
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
