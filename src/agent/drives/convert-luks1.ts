/**
 * Makes a LUKS2 volume of a LUKS1 volume, so that it can name its key: LUKS1 has no place for a token. Data, UUID and
 * passphrases stay as they are.
 *
 * Invariant: before a byte of the drive changes, its old header with all keyslots is durable in a file that only root
 * reads. Killed in the middle, the drive may have no usable header; `cryptsetup luksHeaderRestore` puts the old one back.
 */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWholeFile } from '#disk/whole-file.ts';
import { KeystairError } from '#domain/errors.ts';
import type { KeyMaterial } from '#domain/key-material.ts';
import { DRIVE_HEADER_BYTES_MAX } from '#domain/limits.ts';
import { UUID_PATTERN } from '#domain/uuid.ts';
import { cryptsetupFailure, runCryptsetup } from './cryptsetup.ts';
import { type OpenDrive, readAt } from './drive-target.ts';
import { passphraseThatOpens } from './known-passphrases.ts';
import { findLuks1Header, LUKS1_KEYSLOTS, type Luks1Header } from './luks1-header.ts';
import { HANDED_FILE, type ToolOptions } from './run-tool.ts';

export interface ConvertJob extends Pick<ToolOptions, 'folders' | 'signal'> {
  /** Where the old header is kept meanwhile: the agent's state directory. */
  readonly directory: string;
  readonly passphrases: readonly KeyMaterial[];
  readonly random: (bytes: number) => Uint8Array;
}

/** Where the old header of a drive is kept while it is converted. */
function keptHeaderPath(directory: string, uuid: string): string {
  return join(directory, `luks1-${uuid}.header`);
}

/**
 * Leaves whatever is no LUKS1 volume as it is. Throws `invalid-argument` where its eight keyslots are all used,
 * `drive-does-not-open`, `drive-altered`, `drive-holds-data` where it is in use, `tool-failed`.
 */
export async function convertLuks1(drive: OpenDrive, job: ConvertJob): Promise<void> {
  const front = await readAt(drive.handle, 0, DRIVE_HEADER_BYTES_MAX);
  const header = findLuks1Header(front);
  if (header === undefined) return;
  requireConvertible(drive, header, front.length);
  const { directory, passphrases, random, folders, signal } = job;
  await passphraseThatOpens(drive, drive.handle, passphrases, { type: 'luks1', folders, signal });
  const kept = keptHeaderPath(directory, header.uuid);
  // One that is there is of a run that was cut off: the drive's own may be half of each.
  if ((await stat(kept).catch(() => undefined)) === undefined)
    await writeWholeFile({ path: kept, force: false, random }, piece(front.subarray(0, header.payloadAt)));
  const args = ['convert', '--batch-mode', '--type=luks2', HANDED_FILE];
  // Cannot be stopped: half a header would be left.
  const run = await runCryptsetup(args, { file: drive.handle, folders });
  if (run.exitCode === 0) return;
  const { message } = cryptsetupFailure('convert', run);
  throw new KeystairError('tool-failed', message, {
    nextStep: `close the drive if it is opened, and run the command again; its header as it was is in ${kept}, for cryptsetup luksHeaderRestore`,
  });
}

async function* piece(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/** The drive is in custody, so its old header is of no more use, and opens what was removed from the new one. */
export async function forgetKeptHeader(directory: string, uuid: string): Promise<void> {
  // A header says of itself what it likes.
  if (!UUID_PATTERN.test(uuid)) return;
  await rm(keptHeaderPath(directory, uuid), { force: true });
}

function requireConvertible({ target }: OpenDrive, header: Luks1Header, bytes: number): void {
  if (!UUID_PATTERN.test(header.uuid) || header.payloadAt === 0 || header.payloadAt > bytes) {
    throw new KeystairError('drive-altered', `the LUKS1 header of ${target.path} is damaged`, {
      nextStep: 'nothing was changed; see `cryptsetup luksDump`',
    });
  }
  if (header.keyslotsUsed < LUKS1_KEYSLOTS) return;
  // Converted, they fill the room that there is for keyslots.
  throw new KeystairError('invalid-argument', `all ${LUKS1_KEYSLOTS} keyslots of ${target.path} are used`, {
    nextStep: 'remove one that nobody needs (`cryptsetup luksDump` shows them), and run the command again',
  });
}
