/**
 * Proves that a key opens a drive, without mapping it.
 *
 * Between the check of a header and its use by cryptsetup somebody could change it. So the order is: read, check, try
 * exactly a keyslot that was checked, read again; the proof counts only where both readings have the same digest. For
 * a proof that is enough, for nothing is written (cryptsetup may mend a damaged copy of the header). A drive that lies
 * to one reader and not to the other (its own firmware can) is not caught that way: whatever maps a drive for writing
 * has to hand cryptsetup the very header that was checked, as a private copy through `--header`.
 */
import type { EncryptionKey } from '#domain/encryption-key.ts';
import { KeystairError } from '#domain/errors.ts';
import type { KeyMaterial } from '#domain/key-material.ts';
import { checkDriveAgainstKey } from './check-drive-against-key.ts';
import { cryptsetupFailure, EXIT_NO_PERMISSION, runCryptsetup } from './cryptsetup.ts';
import { resolveDrivePath } from './drive-target.ts';
import { readDrive } from './read-drive.ts';

export interface TestDriveJob {
  readonly path: string;
  readonly passphrase: KeyMaterial;
  /** Only this one is tried; without it, all. */
  readonly keyslot?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Where the system's tools are. */
  readonly folders?: readonly string[] | undefined;
}

/** Returns the keyslot that opened. Throws `drive-does-not-open` where the passphrase opens none. */
export async function testDrive(job: TestDriveJob): Promise<number> {
  const args = [
    'open',
    '--test-passphrase',
    '--verbose',
    '--type=luks2',
    // Otherwise cryptsetup would load whatever plugin a token on the drive names.
    '--disable-external-tokens',
    '--key-file=-',
    ...(job.keyslot === undefined ? [] : [`--key-slot=${job.keyslot}`]),
    await resolveDrivePath(job.path),
  ];
  const { signal, folders } = job;
  const run = await runCryptsetup(args, { input: job.passphrase.expose(), signal, folders });
  const opened = /^Key slot ([0-9]+) unlocked\.$/m.exec(run.stdout)?.[1];
  if (run.exitCode === 0 && opened !== undefined) return Number(opened);
  if (run.exitCode === EXIT_NO_PERMISSION) {
    const where = job.keyslot === undefined ? 'any keyslot' : `keyslot ${job.keyslot}`;
    throw new KeystairError('drive-does-not-open', `the key does not open ${where} of ${job.path}`, {
      nextStep: 'the keyslot was changed or removed; open the drive with another of its passphrases',
    });
  }
  throw cryptsetupFailure('open --test-passphrase', run);
}

export interface ProveDriveJob extends Omit<TestDriveJob, 'keyslot'> {
  /** The record of the key that the drive names, and its material as `passphrase`. */
  readonly key: EncryptionKey;
}

/** Throws `drive-altered`, `drive-does-not-open`, and what `readDrive` throws. */
export async function proveDriveOpens(
  job: ProveDriveJob,
): Promise<{ readonly keyslot: number; readonly uuid: string }> {
  const before = await readDrive(job.path);
  const keyslots = checkDriveAgainstKey(before.header, job.key);
  const keyslot = await firstThatOpens(job, keyslots);
  const after = await readDrive(job.path);
  if (after.header.digest !== before.header.digest) {
    throw new KeystairError('drive-altered', `the header of ${job.path} changed while it was looked at`, {
      nextStep: 'make sure that nothing else works on the drive, and try again',
    });
  }
  return { keyslot, uuid: before.header.uuid };
}

/** A key that was adopted twice has two keyslots, of which one may have been overwritten. */
async function firstThatOpens(job: TestDriveJob, keyslots: readonly number[]): Promise<number> {
  let failure: unknown;
  for (const keyslot of keyslots) {
    try {
      return await testDrive({ ...job, keyslot });
    } catch (error) {
      if (!(error instanceof KeystairError) || error.code !== 'drive-does-not-open') throw error;
      failure = error;
    }
  }
  throw failure;
}
