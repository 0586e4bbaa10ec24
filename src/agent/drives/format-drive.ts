/**
 * Makes an empty drive into a LUKS2 volume that its key opens. The key is in custody before this is called.
 *
 * Invariant: either the volume is whole, with the token that names its key, or the drive is as empty as before. Between
 * the first write and the last nothing is interrupted: it takes seconds, and half a volume would be worse than to wait.
 */
import { claimToText } from '#domain/claim.ts';
import { encodeDriveToken } from './drive-token.ts';
import { KeystairError } from '#domain/errors.ts';
import type { KeyMaterial } from '#domain/key-material.ts';
import { DRIVE_DATA_OFFSET_MAX, DRIVE_PROBE_BYTES } from '#domain/limits.ts';
import { cryptsetupFailure, mustCryptsetup, runCryptsetup } from './cryptsetup.ts';
import { checkDriveEmpty, flush, wipe } from './drive-contents.ts';
import type { DriveTarget } from './drive-target.ts';
import { readDrive } from './read-drive.ts';

/** `algorithm` of the keys of drives made here. */
export const DRIVE_ALGORITHM = 'aes-xts-plain64/512';
const CIPHER = 'aes-xts-plain64';
const KEY_BITS = 512;
/** The field has 48 bytes and ends with a zero. */
const LABEL_BYTES_MAX = 47;

export interface FormatDriveJob {
  readonly path: string;
  readonly uuid: string;
  readonly label?: string | undefined;
  readonly passphrase: KeyMaterial;
  readonly keyId: string;
  readonly claim: Uint8Array;
  /** Destroys what is on the drive. */
  readonly erase?: boolean;
  /** Heeded until the first write. */
  readonly signal?: AbortSignal | undefined;
  /** Where the system's tools are. */
  readonly folders?: readonly string[] | undefined;
}

/** Throws `invalid-argument` where a LUKS2 header cannot hold the label as it is. */
export function checkDriveLabel(label: string): void {
  if (Buffer.byteLength(label) <= LABEL_BYTES_MAX && label.isWellFormed() && !/\p{Cc}/u.test(label)) return;
  throw new KeystairError('invalid-argument', `a drive's label is text of at most ${LABEL_BYTES_MAX} bytes`, {
    nextStep: 'choose a shorter label',
  });
}

/**
 * The arguments; the passphrase comes by standard input. It has 260 random bits, so a slow derivation would add nothing
 * against guessing and cost memory and seconds at every opening; systemd-cryptenroll does the same for the random keys
 * it makes. 1000 is the least that cryptsetup accepts.
 */
function formatArguments(job: FormatDriveJob, target: DriveTarget): string[] {
  return [
    'luksFormat',
    '--batch-mode',
    '--type=luks2',
    `--cipher=${CIPHER}`,
    `--key-size=${KEY_BITS}`,
    '--hash=sha256',
    '--pbkdf=pbkdf2',
    '--pbkdf-force-iterations=1000',
    `--uuid=${job.uuid}`,
    ...(job.label === undefined || job.label === '' ? [] : [`--label=${job.label}`]),
    '--key-file=-',
    target.path,
  ];
}

/** Reads back what was written: a drive that swallows writes is found before anybody trusts it. */
async function checkMade(job: FormatDriveJob, target: DriveTarget): Promise<void> {
  const { header, tokens } = await readDrive(target.path);
  const [token] = tokens;
  const keyslot = header.keyslots.get('0');
  const encryption = header.segments.get('0')?.encryption;
  if (
    header.uuid === job.uuid &&
    token?.keyId === job.keyId &&
    claimToText(token.claim) === claimToText(job.claim) &&
    keyslot?.keySize === KEY_BITS / 8 &&
    encryption === CIPHER
  ) {
    return;
  }
  throw new KeystairError('tool-failed', `${job.path} does not read back as it was formatted`, {
    nextStep: 'use another drive; this one may be broken',
  });
}

/**
 * Takes away a volume that did not become whole. Only where the drive still carries the UUID made for this run: then
 * nobody can have put data there. Everything before the data area is zeroed, keyslots included, so the drive counts as
 * empty again and the volume key is gone.
 */
async function undo(job: FormatDriveJob, target: DriveTarget): Promise<void> {
  const { header } = await readDrive(target.path);
  if (header.uuid !== job.uuid) return;
  const dataAt = Number(header.segments.get('0')?.offset ?? 0n);
  await wipe(target, 0, Math.min(Math.max(dataAt, DRIVE_PROBE_BYTES), DRIVE_DATA_OFFSET_MAX, target.bytes));
}

/** Undoes, and adds to the failure what could not be undone. */
async function afterUndo(job: FormatDriveJob, target: DriveTarget, failure: unknown): Promise<unknown> {
  try {
    await undo(job, target);
    return failure;
  } catch (error) {
    // Without a header there is nothing to take away.
    if (error instanceof KeystairError && error.code === 'drive-not-luks') return failure;
    const why = failure instanceof Error ? failure.message : 'formatting failed';
    return new KeystairError('tool-failed', `${why}; an unfinished volume is left on ${job.path}`, {
      nextStep: 'format it again with --erase, or use another drive',
      cause: failure,
    });
  }
}

/**
 * Checks again that the drive is empty, for it may be another one by now, and formats it. Throws `drive-holds-data`,
 * `tool-missing`, `tool-failed`, `interrupted`. The passphrase opens keyslot 0.
 */
export async function formatDrive(job: FormatDriveJob): Promise<{ readonly keyslot: number }> {
  const { erase = false, folders, signal } = job;
  if (job.label !== undefined) checkDriveLabel(job.label);
  // Found missing now rather than after the drive was erased.
  await mustCryptsetup(['--version'], { folders, signal });
  const target = await checkDriveEmpty({ path: job.path, erase, folders });
  if (signal?.aborted === true) {
    throw new KeystairError('interrupted', 'stopped before anything was written', {
      nextStep: 'run the command again',
    });
  }
  if (erase) {
    // Signatures at the end, of RAID and GPT, would outlive the formatting and confuse other tools.
    await wipe(target, 0, DRIVE_PROBE_BYTES);
    await wipe(target, target.bytes - DRIVE_PROBE_BYTES, DRIVE_PROBE_BYTES);
  }
  const made = await runCryptsetup(formatArguments(job, target), { input: job.passphrase.expose(), folders });
  // Exit code 5 is "busy": somebody else has taken the drive meanwhile, and it is not ours to clean.
  if (made.exitCode === 5) throw cryptsetupFailure('luksFormat', made);
  if (made.exitCode !== 0) throw await afterUndo(job, target, cryptsetupFailure('luksFormat', made));
  try {
    const token = encodeDriveToken({ keyId: job.keyId, claim: job.claim, keyslots: [0] });
    await mustCryptsetup(['token', 'import', '--json-file=-', target.path], {
      input: Buffer.from(token),
      folders,
    });
    await flush(target);
    await checkMade(job, target);
  } catch (error) {
    throw await afterUndo(job, target, error);
  }
  return { keyslot: 0 };
}
