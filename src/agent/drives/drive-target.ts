/**
 * The thing at a path where a drive should be: a block device or an image file, opened, and its size.
 *
 * Invariant: opening never blocks, and the kind of a thing is read from what was opened, not from its name.
 */
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, readFile, realpath } from 'node:fs/promises';
import { deviceParts } from '#disk/device-number.ts';
import { KeystairError } from '#domain/errors.ts';

export interface DriveTarget {
  /** Absolute, without links: so it cannot be taken for an option either. */
  readonly path: string;
  readonly kind: 'block-device' | 'image-file';
  readonly bytes: number;
  /** A device may open for writing and still refuse each write. */
  readonly readOnly: boolean;
  /** The sector size with which to encrypt: 512 to 4096 bytes. */
  readonly sectorBytes: number;
}

/** A drive that was opened. Its owner closes `handle`. */
export interface OpenDrive {
  readonly target: DriveTarget;
  readonly handle: FileHandle;
}

/** LUKS2 knows no larger sectors, and few disks have smaller ones today. */
const SECTOR_BYTES_MAX = 4096;
const SECTOR_BYTES_MIN = 512;

export function driveInUse(path: string, how: string): KeystairError {
  return new KeystairError('drive-holds-data', `${path} is in use: ${how}`, {
    nextStep: 'make sure that this is the right drive; unmount and close it first',
  });
}

export function driveNotAllowed(path: string, cause?: unknown): KeystairError {
  return new KeystairError('not-allowed', `${path} cannot be opened: permission denied`, {
    nextStep:
      'run the command as root, and check that the drive is neither write-protected nor on a read-only mount',
    cause,
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
      return driveNotAllowed(path, error);
    case 'EBUSY':
    case 'ETXTBSY':
      return driveInUse(path, 'something has opened it exclusively, for instance a mount or another mapping');
    case 'EISDIR':
      return new KeystairError('invalid-argument', `${path} is a directory, not a drive`, {
        nextStep: 'name a block device (`lsblk` lists them) or an image file',
        cause: error,
      });
    case 'ENOSPC':
    case 'EDQUOT':
      return new KeystairError('disk-full', `the disk that holds ${path} has no room for it`, {
        nextStep: 'free some space, or use another disk',
        cause: error,
      });
    case 'EIO':
      return new KeystairError('tool-failed', `${path} reports a read or write error`, {
        nextStep: 'check the system log, and use another drive',
        cause: error,
      });
    case undefined:
    default:
      return error;
  }
}

/** Where the kernel describes a block device. */
function kernelFolder(device: bigint): string {
  const { major, minor } = deviceParts(device);
  return `/sys/dev/block/${major}:${minor}`;
}

async function kernelNumber(path: string): Promise<number> {
  return Number((await readFile(path, 'utf8')).trim());
}

/** A partition has no `queue` of its own: its disk's counts, one folder up. */
async function physicalSectorBytes(folder: string): Promise<number> {
  for (const place of [`${folder}/queue`, `${await realpath(folder)}/../queue`]) {
    const bytes = await kernelNumber(`${place}/physical_block_size`).catch(() => 0);
    if (bytes > 0) return bytes;
  }
  return SECTOR_BYTES_MAX;
}

/** The largest size that fits the device and divides the drive's size. */
function sectorsFor(physicalBytes: number, driveBytes: number): number {
  const wanted = Math.min(Math.max(physicalBytes, SECTOR_BYTES_MIN), SECTOR_BYTES_MAX);
  return driveBytes % wanted === 0 ? wanted : SECTOR_BYTES_MIN;
}

async function targetOf(path: string, stat: BigIntStats): Promise<DriveTarget> {
  if (stat.isFile()) {
    const bytes = Number(stat.size);
    const sectorBytes = sectorsFor(SECTOR_BYTES_MAX, bytes);
    return { path, kind: 'image-file', bytes, readOnly: false, sectorBytes };
  }
  if (!stat.isBlockDevice()) {
    throw new KeystairError('invalid-argument', `${path} is ${kindOf(stat)}, not a drive`, {
      nextStep: 'name a block device (`lsblk` lists them) or an image file',
    });
  }
  const folder = kernelFolder(stat.rdev);
  // `stat` says 0. The kernel counts sectors of 512 bytes, whatever the drive's own are.
  const bytes = (await kernelNumber(`${folder}/size`)) * 512;
  const sectorBytes = sectorsFor(await physicalSectorBytes(folder), bytes);
  const readOnly = (await kernelNumber(`${folder}/ro`)) !== 0;
  return { path, kind: 'block-device', bytes, readOnly, sectorBytes };
}

/** Names a thing that is no drive. */
function kindOf(stat: BigIntStats): string {
  if (stat.isFIFO()) return 'a pipe';
  if (stat.isDirectory()) return 'a directory';
  return stat.isCharacterDevice() ? 'a character device' : 'something else';
}

/**
 * @param flags for reading, unless others are given.
 * Throws `not-found`, `not-allowed`, `drive-holds-data` where it is in use, or `invalid-argument` where it is no drive.
 */
export async function openDrive(path: string, flags: number = constants.O_RDONLY): Promise<OpenDrive> {
  let handle: FileHandle | undefined;
  try {
    const real = await realpath(path);
    // A pipe would wait for its other end.
    handle = await open(real, flags | constants.O_NONBLOCK);
    return { handle, target: await targetOf(real, await handle.stat({ bigint: true })) };
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

/** Writes all of it. */
export async function writeAt(handle: FileHandle, offset: number, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const left = bytes.length - written;
    written += (await handle.write(bytes, written, left, offset + written)).bytesWritten;
  }
}
