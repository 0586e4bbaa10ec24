/**
 * Whether a drive holds data. Any one of these findings suffices to refuse: a signature that `blkid` or our own table
 * knows; a byte other than zero in what is read; and where not everything is read, allocated blocks of an image file
 * that nobody looked into.
 *
 * A small drive is read from end to end. Of a larger one: all that formatting overwrites, its last MiB, and samples
 * spread evenly over the rest. Anything that writes to a drive leaves traces in more than one place.
 */
import type { FileHandle } from 'node:fs/promises';
import { KeystairError } from '#domain/errors.ts';
import {
  DRIVE_DATA_OFFSET,
  DRIVE_LOOK_WHOLE_BYTES_MAX,
  DRIVE_PROBE_BYTES,
  DRIVE_SAMPLE_BYTES,
  DRIVE_SAMPLES,
  FILE_BLOCKS_BYTES_UNSEEN,
} from '#domain/limits.ts';
import { driveFailure, type DriveTarget, type OpenDrive, readAt } from './drive-target.ts';
import { findTool, runTool } from './run-tool.ts';
import { signatureOf } from './signatures.ts';

const MIB = 1024 * 1024;
const PIECE_BYTES = DRIVE_PROBE_BYTES;
const ZEROS = Buffer.alloc(PIECE_BYTES);
const STAT_BLOCK_BYTES = 512n;

/** The result of a look. */
export interface DriveContents {
  /** In words; undefined where it found nothing. */
  readonly found: string | undefined;
  /** What was read, in words. */
  readonly lookedAt: string;
}

type Stretch = readonly [offset: number, length: number];

function readWhole({ bytes }: DriveTarget): boolean {
  return bytes <= DRIVE_LOOK_WHOLE_BYTES_MAX;
}

function stretchesOf(target: DriveTarget): readonly Stretch[] {
  const { bytes } = target;
  if (readWhole(target)) return [[0, bytes]];
  const last = bytes - DRIVE_PROBE_BYTES;
  const step = (last - DRIVE_DATA_OFFSET) / DRIVE_SAMPLES;
  const samples = Array.from({ length: DRIVE_SAMPLES }, (_, index): Stretch => {
    const at = DRIVE_DATA_OFFSET + Math.floor(index * step);
    return [at - (at % DRIVE_SAMPLE_BYTES), DRIVE_SAMPLE_BYTES];
  });
  return [[0, DRIVE_DATA_OFFSET], [last, DRIVE_PROBE_BYTES], ...samples];
}

/** The offset of the first piece with a byte other than zero. */
async function findBytes(handle: FileHandle, target: DriveTarget): Promise<number | undefined> {
  for (const [offset, length] of stretchesOf(target)) {
    for (let at = offset; at < offset + length; at += PIECE_BYTES) {
      const piece = await readAt(handle, at, Math.min(PIECE_BYTES, offset + length - at));
      if (!piece.equals(ZEROS.subarray(0, piece.length))) return at + piece.findIndex((byte) => byte !== 0);
    }
  }
  return undefined;
}

function whereWords(at: number, { bytes }: DriveTarget): string {
  if (at < DRIVE_PROBE_BYTES) return 'bytes other than zero in its first MiB';
  if (at >= bytes - DRIVE_PROBE_BYTES) return 'bytes other than zero in its last MiB';
  return `bytes other than zero at ${Math.floor(at / MIB)} MiB`;
}

/** Blocks of an image of which only samples were read. A file of zeros made by `truncate` has none. */
async function unseenBlocks({ handle, target }: OpenDrive): Promise<string | undefined> {
  if (target.kind !== 'image-file' || readWhole(target)) return undefined;
  const { blocks } = await handle.stat({ bigint: true });
  const bytes = blocks * STAT_BLOCK_BYTES;
  if (bytes <= BigInt(FILE_BLOCKS_BYTES_UNSEEN)) return undefined;
  return `${(bytes + BigInt(MIB) - 1n) / BigInt(MIB)} MiB of the file are allocated, and only part of it was read`;
}

/** What blkid's low-level probe finds. Its exit code 2 means "nothing"; any other counts as a finding. */
async function probe({ path }: DriveTarget, folders?: readonly string[]): Promise<string | undefined> {
  const blkid = await findTool('blkid', folders);
  if (blkid === undefined) return undefined;
  const run = await runTool(blkid, ['-p', '-o', 'export', path], { folders });
  if (run.exitCode === 2) return undefined;
  const kind = /^(?:TYPE|PTTYPE)=([\x20-\x7e]{1,64})$/m.exec(run.stdout)?.[1];
  return kind === undefined ? 'a signature that blkid cannot identify' : `a signature of ${kind}`;
}

/** Changes nothing. */
export async function lookAtContents(drive: OpenDrive, folders?: readonly string[]): Promise<DriveContents> {
  const { handle, target } = drive;
  const lookedAt = readWhole(target)
    ? 'all of it was read'
    : `its first ${DRIVE_DATA_OFFSET / MIB} MiB, its last MiB and ${DRIVE_SAMPLES} samples between them were read`;
  try {
    const known = signatureOf(await readAt(handle, 0, DRIVE_PROBE_BYTES)) ?? (await probe(target, folders));
    if (known !== undefined) return { found: known, lookedAt };
    const at = await findBytes(handle, target);
    const found = at === undefined ? await unseenBlocks(drive) : whereWords(at, target);
    return { found, lookedAt };
  } catch (error) {
    throw driveFailure(error, target.path);
  }
}

/** Throws `drive-holds-data` unless it finds nothing. */
export async function checkDriveEmpty(drive: OpenDrive, folders?: readonly string[]): Promise<void> {
  const { found, lookedAt } = await lookAtContents(drive, folders);
  if (found === undefined) return;
  throw new KeystairError('drive-holds-data', `${drive.target.path} holds data: ${found} (${lookedAt})`, {
    nextStep: 'make sure that this is the right drive; --erase destroys everything on it',
  });
}
