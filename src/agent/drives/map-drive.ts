/**
 * Opens a drive for the system, under a name in /dev/mapper, and closes it again. What is mounted from there is the
 * system's own business.
 *
 * Invariant: cryptsetup maps by the very copy of the header that was judged, and by the keyslot that was checked: a
 * drive's firmware could show the next reader another one.
 */
import { stat } from 'node:fs/promises';
import { KeystairError } from '#domain/errors.ts';
import { cryptsetupFailure, runCryptsetup } from './cryptsetup.ts';
import { driveInUse, driveNotAllowed, type OpenDrive } from './drive-target.ts';
import { type ProvedDrive, type ProveJob, withProvedCopy } from './open-drive.ts';
import { HANDED_FILE, type ToolOptions } from './run-tool.ts';

/** cryptsetup's: the device, or a mapping of that name, is in use. */
const EXIT_IN_USE = 5;
/** cryptsetup's: there is no such mapping. */
const EXIT_NO_DEVICE = 4;
/** The kernel takes 127 bytes; these characters need no escape in any tool. */
const MAPPER_NAME = /^[A-Za-z0-9_+=:.@#][A-Za-z0-9_+=:.@#-]{0,126}$/;

/** Throws `invalid-argument`. */
export function requireMapperName(name: string): void {
  if (MAPPER_NAME.test(name) && !/^\.{1,2}$/.test(name) && name !== 'control') return;
  throw new KeystairError(
    'invalid-argument',
    `${JSON.stringify(name)} cannot be the name of an opened drive`,
    {
      nextStep: 'use letters, digits, and - or _, not more than 127',
    },
  );
}

export function mappedPath(name: string): string {
  return `/dev/mapper/${name}`;
}

export interface MapJob extends ProveJob {
  readonly name: string;
  readonly readOnly: boolean;
}

/** Throws what `proveOpenDrive` throws, `not-allowed`, `already-exists`, `drive-holds-data` where it is in use. */
export async function mapDrive(drive: OpenDrive, job: MapJob): Promise<ProvedDrive> {
  const { name, readOnly, passphrase, folders } = job;
  const { path } = drive.target;
  requireMapperName(name);
  await requireFree(name);
  if (drive.target.readOnly && !readOnly) throw writeProtected(path);
  return await withProvedCopy(drive, job, async (copy, proved) => {
    await requireStillThere(drive);
    const args = [
      'open',
      '--type=luks2',
      '--disable-external-tokens',
      ...(readOnly ? ['--readonly'] : []),
      '--key-file=-',
      `--key-slot=${proved.keyslot}`,
      `--header=${HANDED_FILE}`,
      path,
      name,
    ];
    // Cannot be stopped: half a mapping would be left.
    const run = await runCryptsetup(args, { input: passphrase.expose(), file: copy, folders });
    if (run.exitCode === EXIT_IN_USE) throw driveInUse(path, 'it is opened under a name already, or mounted');
    if (run.exitCode !== 0) throw cryptsetupFailure('open', run);
    return proved;
  });
}

/** Throws `not-found`, `drive-holds-data` where something is mounted from it. */
export async function closeMapped(
  name: string,
  { folders }: Pick<ToolOptions, 'folders'> = {},
): Promise<void> {
  requireMapperName(name);
  const run = await runCryptsetup(['close', name], { folders });
  if (run.exitCode === 0) return;
  if (run.exitCode === EXIT_NO_DEVICE) throw notOpened(name);
  if (run.exitCode === EXIT_IN_USE) {
    throw new KeystairError('drive-holds-data', `${mappedPath(name)} is in use`, {
      nextStep: 'unmount what is mounted from it, and run the command again',
    });
  }
  throw cryptsetupFailure('close', run);
}

async function requireFree(name: string): Promise<void> {
  const there = await stat(mappedPath(name)).catch(() => undefined);
  if (there === undefined) return;
  throw new KeystairError('already-exists', `${mappedPath(name)} exists already`, {
    nextStep: 'use another name, or close that one first',
  });
}

/** cryptsetup opens the path again. What was judged is held open here, so no other device gets its number meanwhile. */
async function requireStillThere({ handle, target }: OpenDrive): Promise<void> {
  const [held, named] = await Promise.all([
    handle.stat({ bigint: true }),
    stat(target.path, { bigint: true }).catch(() => undefined),
  ]);
  const same =
    target.kind === 'block-device'
      ? named?.rdev === held.rdev
      : named?.dev === held.dev && named.ino === held.ino;
  if (same) return;
  throw new KeystairError('drive-altered', `${target.path} is no longer the drive that was checked`, {
    nextStep: 'make sure that the right drive is plugged in, and try again',
  });
}

function writeProtected(path: string): KeystairError {
  const { message } = driveNotAllowed(path);
  return new KeystairError('not-allowed', message, { nextStep: 'open it with --read-only' });
}

function notOpened(name: string): KeystairError {
  return new KeystairError('not-found', `no drive is opened under the name ${name}`, {
    nextStep: '`lsblk` shows what is opened',
  });
}
