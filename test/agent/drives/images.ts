/** What the tests of drives share: sparse image files, a formatted drive with its record, and stand-ins for tools. */
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { makeDrivePassphrase } from '#agent/drives/drive-passphrase.ts';
import { checkDriveEmpty } from '#agent/drives/drive-contents.ts';
import { formatDrive, type FormatDriveJob } from '#agent/drives/format-drive.ts';
import { holdDrive } from '#agent/drives/hold-drive.ts';
import { DRIVE_ALGORITHM } from '#agent/drives/make-volume.ts';
import { hashClaim } from '#domain/claim.ts';
import { type EncryptionKey, makeKey } from '#domain/encryption-key.ts';
import type { KeyMaterial } from '#domain/key-material.ts';
import { stock, toolPath } from '../system-tools.ts';
import { temporaryFolder } from '../temporary-folder.ts';

export const MIB = 1024 * 1024;
export const path = temporaryFolder('drives');
export const random = (bytes: number): Uint8Array => Uint8Array.from(randomBytes(bytes));

/** A sparse image of zeros. */
export function image(bytes = 24 * MIB): string {
  const name = path(`${randomUUID()}.img`);
  const file = openSync(name, 'w', 0o600);
  ftruncateSync(file, bytes);
  closeSync(file);
  return name;
}

export function writeAt(name: string, offset: number, bytes: Uint8Array): void {
  const file = openSync(name, 'r+');
  writeSync(file, bytes, 0, bytes.length, offset);
  closeSync(file);
}

export function readAt(name: string, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  const file = openSync(name, 'r');
  readSync(file, bytes, 0, length, offset);
  closeSync(file);
  return bytes;
}

export function digestOf(name: string): string {
  return createHash('sha256').update(readFileSync(name)).digest('hex');
}

/** Changes the first MiB of an image in place. */
export function patchFront(name: string, patch: (front: Buffer) => void): void {
  const front = readAt(name, 0, MIB);
  patch(front);
  writeAt(name, 0, front);
}

export type PathJob = Omit<FormatDriveJob, 'drive'> & { readonly path: string };

/** Formats what lies at a path. */
export async function format(job: PathJob): Promise<{ readonly keyslot: number }> {
  const drive = await holdDrive(job.path);
  try {
    return await formatDrive({ ...job, drive });
  } finally {
    await drive.handle.close();
  }
}

/** Throws where formatting would. */
export async function checkEmpty(name: string, folders?: readonly string[]): Promise<void> {
  const drive = await holdDrive(name);
  try {
    await checkDriveEmpty(drive, folders);
  } finally {
    await drive.handle.close();
  }
}

export interface Made {
  readonly job: PathJob;
  readonly key: EncryptionKey;
  readonly passphrase: KeyMaterial;
}

/** A key for a drive that is still to be formatted. */
export function draft(name: string, more: Partial<PathJob> = {}): Made {
  const passphrase = makeDrivePassphrase(random);
  const claim = random(16);
  const uuid = randomUUID();
  const { key } = makeKey(
    {
      kind: 'volume',
      claimHash: hashClaim(claim),
      device: { id: randomUUID(), name: 'laptop' },
      locator: { luksUuid: uuid },
      algorithm: DRIVE_ALGORITHM,
      origin: randomUUID(),
      createdAt: '2026-01-02T03:04:05.678Z',
      replaces: null,
    },
    passphrase,
    random(16),
  );
  return { job: { path: name, uuid, passphrase, keyId: key.id, claim, ...more }, key, passphrase };
}

/** A drive formatted by us. */
export async function formatted(more: Partial<PathJob> = {}): Promise<Made> {
  const made = draft(image(), more);
  assert.deepEqual(await format(made.job), { keyslot: 0 });
  return made;
}

/** The header as stock cryptsetup shows it. */
export function shown(name: string): {
  keyslots: Record<string, unknown>;
  tokens: Record<string, unknown>;
  segments: Record<string, { encryption: string }>;
} {
  return JSON.parse(stock('cryptsetup', ['luksDump', '--dump-json-metadata', name]).toString());
}

/** Whether stock cryptsetup opens the drive with this passphrase. */
export function opensStock(name: string, passphrase: KeyMaterial): boolean {
  try {
    const input = passphrase.expose();
    stock('cryptsetup', ['open', '--test-passphrase', '--key-file', '-', name], { input });
    return true;
  } catch {
    return false;
  }
}

/**
 * A folder in which a tool is a script; `$TOOL` in it is the real one. For what the real tool only does on a broken
 * drive, and to see what it is given.
 */
export function standIn(tool: string, script: string): string {
  const folder = path(randomUUID());
  mkdirSync(folder);
  const name = `${folder}/${tool}`;
  writeFileSync(name, `#!/bin/sh\nTOOL=${toolPath(tool) ?? 'missing'}\n${script}\n`);
  chmodSync(name, 0o700);
  return folder;
}

/** For the `skip` option of a test that attaches an image as a loop device. */
export function unlessAttaching(): string | false {
  if (process.getuid?.() !== 0) return 'attaching a loop device needs root';
  try {
    stock('losetup', ['--find']);
    return false;
  } catch {
    return 'this machine has no loop devices';
  }
}

/** Shows an image as a block device while `work` runs. */
export async function attached(
  name: string,
  work: (device: string) => Promise<void>,
  options: readonly string[] = [],
): Promise<void> {
  const device = stock('losetup', [...options, '--find', '--show', name])
    .toString()
    .trim();
  try {
    await work(device);
  } finally {
    stock('losetup', ['--detach', device]);
  }
}
