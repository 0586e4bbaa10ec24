/**
 * Makes an empty drive into a LUKS2 volume that its key opens. The key is in custody before this is called.
 *
 * Invariant: either the volume is whole, with the token that names its key, or the drive is as empty as before. The
 * volume is made in a private file and then written to the drive, its header last, while the drive is held. The write
 * cannot be interrupted: it takes seconds, and half a volume would be worse than the wait.
 */
import { KeystairError } from '#domain/errors.ts';
import { DRIVE_DATA_OFFSET, DRIVE_PROBE_BYTES } from '#domain/limits.ts';
import { checkDriveEmpty } from './drive-contents.ts';
import { driveFailure, type OpenDrive, readAt, writeAt } from './drive-target.ts';
import { makeVolume, type VolumeDraft } from './make-volume.ts';
import { findTool, runTool } from './run-tool.ts';

/** The field has 48 bytes and ends with a zero. */
const LABEL_BYTES_MAX = 47;
const ZEROS = Buffer.alloc(DRIVE_PROBE_BYTES);

export interface FormatDriveJob extends VolumeDraft {
  /** As `holdDrive` gives it. */
  readonly drive: OpenDrive;
  /** Destroys what is on the drive. */
  readonly erase?: boolean;
}

/** Throws `invalid-argument` where a LUKS2 header cannot hold the label unchanged. */
export function checkDriveLabel(label: string): void {
  if (Buffer.byteLength(label) <= LABEL_BYTES_MAX && label.isWellFormed() && !/\p{Cc}/u.test(label)) return;
  throw new KeystairError('invalid-argument', `a drive's label is text of at most ${LABEL_BYTES_MAX} bytes`, {
    nextStep: 'choose a shorter label',
  });
}

async function wipe({ handle }: OpenDrive, offset: number, length: number): Promise<void> {
  for (let at = 0; at < length; at += ZEROS.length) {
    await writeAt(handle, offset + at, ZEROS.subarray(0, Math.min(ZEROS.length, length - at)));
  }
}

/** The header comes last: until it is there, whole and durable, nothing takes the drive for a volume. */
async function writeVolume(drive: OpenDrive, volume: Buffer, erase: boolean): Promise<void> {
  const { handle, target } = drive;
  await wipe(drive, 0, DRIVE_PROBE_BYTES);
  // Signatures at the end, of RAID and GPT, would survive the formatting and confuse other tools.
  if (erase) await wipe(drive, target.bytes - DRIVE_PROBE_BYTES, DRIVE_PROBE_BYTES);
  await writeAt(handle, DRIVE_PROBE_BYTES, volume.subarray(DRIVE_PROBE_BYTES));
  await handle.sync();
  await writeAt(handle, 0, volume.subarray(0, DRIVE_PROBE_BYTES));
  await handle.sync();
}

/** Reads back what was written: a drive that swallows writes is found before anybody trusts it. */
async function checkWritten(
  { handle, target }: OpenDrive,
  volume: Buffer,
  folders?: readonly string[],
): Promise<void> {
  if (target.kind === 'block-device') {
    // Otherwise the answer would come from memory.
    const blockdev = await findTool('blockdev', folders);
    if (blockdev !== undefined) await runTool(blockdev, ['--flushbufs', target.path], { folders });
  }
  if ((await readAt(handle, 0, DRIVE_DATA_OFFSET)).equals(volume)) return;
  throw new KeystairError('tool-failed', `${target.path} does not read back what was written to it`, {
    nextStep: 'use another drive; this one may be failing',
  });
}

/** Removes an incomplete volume, and adds to the failure where that fails too. */
async function afterUndo(drive: OpenDrive, failure: unknown): Promise<unknown> {
  try {
    await wipe(drive, 0, DRIVE_DATA_OFFSET);
    await drive.handle.sync();
    return failure;
  } catch {
    const why = failure instanceof Error ? failure.message : 'formatting failed';
    return new KeystairError('tool-failed', `${why}; ${drive.target.path} holds an unfinished volume`, {
      nextStep: 'format it again with --erase, or use another drive',
      cause: failure,
    });
  }
}

/**
 * Throws `drive-holds-data`, `tool-missing`, `tool-failed`, `interrupted`, `disk-full`. The passphrase opens keyslot 0.
 */
export async function formatDrive(job: FormatDriveJob): Promise<{ readonly keyslot: number }> {
  const { drive, erase = false, folders, signal, label } = job;
  if (label !== undefined) checkDriveLabel(label);
  const volume = await makeVolume(job, drive.target.sectorBytes);
  // Again: a program that writes to an image file need not heed our lock.
  if (!erase) await checkDriveEmpty(drive, folders);
  if (signal?.aborted === true) {
    throw new KeystairError('interrupted', 'stopped before anything was written', {
      nextStep: 'run the command again',
    });
  }
  try {
    await writeVolume(drive, volume, erase);
    await checkWritten(drive, volume, folders);
  } catch (error) {
    throw await afterUndo(drive, driveFailure(error, drive.target.path));
  }
  return { keyslot: 0 };
}
