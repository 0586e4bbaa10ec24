/**
 * The disk under a data directory, and the space set aside on it for audit events.
 *
 * Invariant: while it `isFull`, only works with `reserve` are done, so that the released space is theirs. It heals once
 * all released space is set aside again.
 */
import { closeSync, openSync, statfsSync, statSync, truncateSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KeystairError } from '#domain/errors.ts';
import { DATABASE_FILE, ownFile, RESERVE_FILE } from './data-files.ts';

/** The reserve is released in this many steps, so that another program cannot take it all at once. */
const STEPS = 32;
const STEP_BYTES_MIN = 64 * 1024;
const BLOCK_BYTES = 1024 * 1024;
const BYTES_A_KIB = 1024;

export interface DiskSpace {
  readonly directory: string;
  /** Path of the database. */
  readonly database: string;
  freeBytes(): number;
  /** Once the repository is open: fills the reserve unless the disk is too full for it. */
  allocateReserve(): void;
  /** Whether the disk was found full, and has not healed since. */
  isFull(): boolean;
  /** Makes the reserve whole again. False while there is too little space for that and one more step. */
  tryRecover(): boolean;
  /** A write found the disk full. */
  markFull(): void;
  /** Releases a step of the reserve. False when nothing is left of it. */
  releaseReserve(): boolean;
  /** `disk-full`, worded for this disk. */
  fullError(cause?: unknown): KeystairError;
}

/** A repository in memory: never full. */
export const MEMORY_SPACE: DiskSpace = {
  directory: ':memory:',
  database: ':memory:',
  freeBytes: () => Number.MAX_SAFE_INTEGER,
  allocateReserve: () => undefined,
  isFull: () => false,
  tryRecover: () => true,
  markFull: () => undefined,
  releaseReserve: () => false,
  fullError: (cause) =>
    new KeystairError('disk-full', 'there is no memory left for the repository', { cause }),
};

export interface DiskSpaceOptions {
  readonly directory: string;
  readonly reserveBytes: number;
  /** What the reserve is filled with: zeros would take no space on a compressing file system. */
  readonly random?: ((bytes: number) => Uint8Array) | undefined;
}

/** Touches nothing until asked. */
export function diskSpaceOf({ directory, reserveBytes, random }: DiskSpaceOptions): DiskSpace {
  const reserve = join(directory, RESERVE_FILE);
  const step = Math.max(Math.ceil(reserveBytes / STEPS), STEP_BYTES_MIN);

  const freeBytes = (): number => {
    const { bavail, bsize } = statfsSync(nearest(directory));
    return bavail * bsize;
  };
  const reserved = (): number => {
    const found = statSync(reserve, { throwIfNoEntry: false });
    // A copy may have holes where this file has bytes: then it reserves no space.
    return found === undefined || found.blocks * 512 < found.size ? 0 : found.size;
  };

  /** @returns whether the reserve is whole. */
  const refill = (): boolean => {
    const bytes = Math.min(reserved(), reserveBytes);
    // A step stays free as well: without it the next commit would find the disk full again.
    if (freeBytes() < reserveBytes - bytes + step) return false;
    if (bytes === reserveBytes) return true;
    try {
      writeReserve(bytes);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
      throw error;
    }
  };

  const writeReserve = (from: number): void => {
    ownFile(reserve);
    truncateSync(reserve, from);
    const filling = random?.(BLOCK_BYTES) ?? new Uint8Array(BLOCK_BYTES);
    const descriptor = openSync(reserve, 'r+');
    try {
      for (let at = from; at < reserveBytes; ) {
        at += writeSync(descriptor, filling, 0, Math.min(BLOCK_BYTES, reserveBytes - at), at);
      }
    } finally {
      closeSync(descriptor);
    }
  };

  let full = false;
  let open = false;

  /** A failed start serves nobody; and without a reserve there may be no room for the audit line that a lookup needs. */
  const whatGoesOn = (): string => {
    if (!open) return ', and run the command again';
    const audited = reserved() > 0 ? '' : ' as long as the audit log has space for their lines';
    return `; the server still provides keys${audited}, and accepts new ones again as soon as there is space`;
  };

  return {
    directory,
    database: join(directory, DATABASE_FILE),
    freeBytes,
    allocateReserve() {
      const before = sizeOf(reserve);
      // A partial reserve was in use when the process ended: the disk is still full.
      if (!refill() && before > 0) full = true;
      open = true;
    },
    isFull: () => full,
    tryRecover() {
      full = !refill();
      return !full;
    },
    markFull() {
      full = true;
    },
    releaseReserve() {
      const bytes = sizeOf(reserve);
      if (bytes === 0) return false;
      truncateSync(reserve, Math.max(0, bytes - step));
      return true;
    },
    fullError(cause) {
      const missing = Math.max(reserveBytes - reserved() + step, BLOCK_BYTES);
      return new KeystairError(
        'disk-full',
        `the file system at ${mountPoint(directory)}, which holds ${directory}, is full (${kib(freeBytes())} free)`,
        {
          nextStep: `free at least ${kib(missing)} there${whatGoesOn()}`,
          cause,
        },
      );
    },
  };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function kib(bytes: number): string {
  return `${Math.ceil(bytes / BYTES_A_KIB)} KiB`;
}

/** The directory, or the nearest existing one above it. */
function nearest(directory: string): string {
  let at = directory;
  while (at !== dirname(at) && statSync(at, { throwIfNoEntry: false }) === undefined) at = dirname(at);
  return at;
}

/** The highest directory above on the same device. */
function mountPoint(directory: string): string {
  let at = nearest(directory);
  const device = statSync(at).dev;
  while (at !== dirname(at) && statSync(dirname(at)).dev === device) at = dirname(at);
  return at;
}
