/**
 * Proves that a key opens a drive, without a change to it.
 *
 * Two programs read a drive's header: this one judges it, cryptsetup uses it. So that both read the same, header and
 * keyslots are read from the drive once, into a private copy. That copy is judged; cryptsetup is asked whether it
 * accepts the same metadata from it, and tries exactly a checked keyslot there. Whoever maps a drive passes this very copy
 * to cryptsetup (`map-drive.ts`): a drive's firmware could answer the next reader differently.
 */
import type { FileHandle } from 'node:fs/promises';
import { KeystairError } from '#domain/errors.ts';
import type { KeyMaterial } from '#domain/key-material.ts';
import { checkDriveAgainstKey, type DriveKey } from './check-drive-against-key.ts';
import { cryptsetupFailure, EXIT_NO_PERMISSION, runCryptsetup } from './cryptsetup.ts';
import { type DriveTarget, type OpenDrive, openDrive, readAt } from './drive-target.ts';
import { checkCryptsetupAgrees, copyHeader } from './header-copy.ts';
import type { Luks2Header } from './luks2/luks2-header.ts';
import { type Drive, readOpenDrive } from './read-drive.ts';
import { HANDED_FILE } from './run-tool.ts';

export interface ProveJob {
  /** The record of the key that the drive names, and its material as `passphrase`. */
  readonly key: DriveKey;
  readonly passphrase: KeyMaterial;
  readonly signal?: AbortSignal | undefined;
  /** Where the system's tools are. */
  readonly folders?: readonly string[] | undefined;
}

/** A passphrase to be tried. */
export interface TryJob extends Omit<ProveJob, 'key'> {
  readonly type?: 'luks1' | 'luks2';
}

/**
 * Whether the passphrase opens the copy.
 *
 * @param keyslot only this one; any unless given.
 */
export async function opens(copy: FileHandle, job: TryJob, keyslot?: number): Promise<boolean> {
  const args = [
    'open',
    '--test-passphrase',
    `--type=${job.type ?? 'luks2'}`,
    // Otherwise cryptsetup would load any plugin that a token on the drive names.
    '--disable-external-tokens',
    '--key-file=-',
    ...(keyslot === undefined ? [] : [`--key-slot=${keyslot}`]),
    HANDED_FILE,
  ];
  const { signal, folders } = job;
  const run = await runCryptsetup(args, { input: job.passphrase.expose(), file: copy, signal, folders });
  if (run.exitCode === 0) return true;
  if (run.exitCode === EXIT_NO_PERMISSION) return false;
  throw cryptsetupFailure('open --test-passphrase', run);
}

/** A key that was adopted twice has two keyslots, of which one may have been overwritten. */
async function firstThatOpens(
  copy: FileHandle,
  { path }: DriveTarget,
  job: ProveJob,
  keyslots: readonly number[],
): Promise<number> {
  for (const keyslot of keyslots) {
    if (await opens(copy, job, keyslot)) return keyslot;
  }
  throw new KeystairError(
    'drive-does-not-open',
    `the key does not open keyslot ${keyslots.join(' or ')} of ${path}`,
    { nextStep: 'the keyslot was changed or removed; open the drive with another passphrase' },
  );
}

/** A header opens by itself, even one that was cut from its drive. */
function checkDataThere({ path, bytes }: DriveTarget, header: Luks2Header): void {
  for (const { offset, size } of header.segments.values()) {
    const needed = size === 'dynamic' ? offset + 1n : offset + size;
    if (BigInt(bytes) >= needed) continue;
    throw new KeystairError(
      'drive-data-missing',
      `the header in ${path} is intact, but the data is missing: it reaches from byte ${offset} ${
        size === 'dynamic' ? 'onwards' : `to byte ${needed}`
      }, and it ends at byte ${bytes}`,
      {
        nextStep: 'this is a header backup or a truncated copy: name the drive itself, or copy it again',
        details: { bytes, dataOffset: String(offset) },
      },
    );
  }
}

/** The answer must be about the drive as it is now, and not about a drive put in its place meanwhile. */
async function checkUnchanged({ handle, target }: OpenDrive, front: Uint8Array): Promise<void> {
  if ((await readAt(handle, 0, front.length)).equals(front)) return;
  throw new KeystairError('drive-altered', `the header of ${target.path} changed while it was read`, {
    nextStep: 'make sure that nothing else is using the drive, and try again',
  });
}

export interface ProvedDrive {
  readonly keyslot: number;
  readonly uuid: string;
  /** Whether both copies of the header say the same. If not, the one that was used is right and the other is wrong. */
  readonly copiesAgree: boolean;
}

/**
 * Hands a private copy of the header to `work`: both programs read the same in it, and the data that it describes is there.
 *
 * Throws `drive-altered`, `drive-data-missing`, and what `work` throws.
 */
export async function withHeaderCopy<T>(
  drive: OpenDrive,
  { header, front }: Pick<Drive, 'header' | 'front'>,
  options: Pick<ProveJob, 'signal' | 'folders'>,
  work: (copy: FileHandle) => Promise<T>,
): Promise<T> {
  const copy = await copyHeader(drive, front, header);
  try {
    await checkCryptsetupAgrees(copy, header, options);
    checkDataThere(drive.target, header);
    return await work(copy);
  } finally {
    await copy.close();
  }
}

/** Throws `drive-altered`, `drive-does-not-open`, `drive-data-missing`, and what `readDrive` throws. */
export function proveOpenDrive(drive: OpenDrive, job: ProveJob): Promise<ProvedDrive> {
  return withProvedCopy(drive, job, async (_copy, proved) => proved);
}

/** Hands on the copy in which the key opened the keyslot. Throws what `proveOpenDrive` and `work` throw. */
export async function withProvedCopy<T>(
  drive: OpenDrive,
  job: ProveJob,
  work: (copy: FileHandle, proved: ProvedDrive) => Promise<T>,
): Promise<T> {
  const { key, signal, folders } = job;
  const read = await readOpenDrive(drive);
  const { header, front } = read;
  const keyslots = checkDriveAgainstKey(header, key);
  return withHeaderCopy(drive, read, { signal, folders }, async (copy) => {
    const keyslot = await firstThatOpens(copy, drive.target, job, keyslots);
    await checkUnchanged(drive, front);
    return await work(copy, {
      keyslot,
      uuid: header.uuid,
      copiesAgree: header.other?.seqid === header.seqid,
    });
  });
}

/** Throws what `openDrive` and `proveOpenDrive` throw. */
export async function proveDriveOpens(job: ProveJob & { readonly path: string }): Promise<ProvedDrive> {
  const drive = await openDrive(job.path);
  try {
    return await proveOpenDrive(drive, job);
  } finally {
    await drive.handle.close();
  }
}
