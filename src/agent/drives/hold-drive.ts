/**
 * Holds a drive that is to be written: it is one open file from the first look to the last byte, so nothing can be put
 * in its place, and nobody else formats it meanwhile.
 *
 * A block device is opened exclusively, which the kernel refuses while the device or a partition of it is mounted,
 * mapped or used as swap. An image file is locked (flock(2), as cryptsetup does), and refused while a loop device shows
 * it as a drive, under any name.
 */
import { constants } from 'node:fs';
import { type FileHandle, readdir, readFile, stat } from 'node:fs/promises';
import { KeystairError } from '#domain/errors.ts';
import { DRIVE_BYTES_MIN } from '#domain/limits.ts';
import { driveInUse, driveNotAllowed, type DriveTarget, type OpenDrive, openDrive } from './drive-target.ts';
import { findTool, runTool } from './run-tool.ts';

const MIB = 1024 * 1024;
/** flock(1)'s exit code where another process has the lock. */
const EXIT_LOCKED = 1;

/** Whether a loop device shows this file as a drive: judged by the file itself, which may have several names. */
async function loopDeviceOf(handle: FileHandle): Promise<string | undefined> {
  const own = await handle.stat({ bigint: true });
  const devices = await readdir('/sys/block').catch(() => []);
  for (const device of devices.filter((name) => name.startsWith('loop'))) {
    const backing = await readFile(`/sys/block/${device}/loop/backing_file`, 'utf8').catch(() => undefined);
    if (backing === undefined) continue;
    const shown = await stat(backing.trimEnd(), { bigint: true }).catch(() => undefined);
    if (shown?.dev === own.dev && shown.ino === own.ino) return `/dev/${device}`;
  }
  return undefined;
}

/** As `losetup` finds it: also where the name by which the file was attached is gone, if it may ask the devices. */
async function loopDeviceByTool(
  { path }: DriveTarget,
  folders?: readonly string[],
): Promise<string | undefined> {
  const losetup = await findTool('losetup', folders);
  if (losetup === undefined) return undefined;
  const { stdout } = await runTool(losetup, ['--associated', path], { folders });
  return /^(\/dev\/loop[0-9]+):/m.exec(stdout)?.[1];
}

async function lockImage({ handle, target }: OpenDrive, folders?: readonly string[]): Promise<void> {
  const flock = await findTool('flock', folders);
  if (flock === undefined) {
    throw new KeystairError('tool-missing', 'image files need the program flock, which is not installed', {
      nextStep: 'install util-linux (for instance `apt install util-linux`)',
    });
  }
  // The lock belongs to the open file, which we share with the tool: it stays when the tool has ended.
  const run = await runTool(flock, ['-n', '-x', '3'], { file: handle, folders });
  if (run.exitCode === EXIT_LOCKED) throw driveInUse(target.path, 'another program is working on it');
  if (run.exitCode !== 0) {
    throw new KeystairError('tool-failed', `flock could not lock ${target.path}`, {
      nextStep: 'check that its file system supports locks, or use another one',
    });
  }
  const loop = (await loopDeviceByTool(target, folders)) ?? (await loopDeviceOf(handle));
  if (loop !== undefined) throw driveInUse(target.path, `it is attached as ${loop}`);
}

/**
 * Throws `not-found`, `not-allowed`, `invalid-argument` where it is no drive or too small, or `drive-holds-data` where
 * it is in use. The caller closes the drive.
 */
export async function holdDrive(path: string, folders?: readonly string[]): Promise<OpenDrive> {
  // O_EXCL works for block devices only.
  const drive = await openDrive(path, constants.O_RDWR | constants.O_EXCL);
  try {
    const { bytes, kind, readOnly } = drive.target;
    if (readOnly) throw driveNotAllowed(path);
    if (kind === 'image-file') await lockImage(drive, folders);
    if (bytes >= DRIVE_BYTES_MIN) return drive;
    throw new KeystairError(
      'invalid-argument',
      `${path} has ${Math.floor(bytes / MIB)} MiB; an encrypted drive needs at least ${DRIVE_BYTES_MIN / MIB} MiB`,
      { nextStep: 'use a larger drive or image file' },
    );
  } catch (error) {
    await drive.handle.close();
    throw error;
  }
}
