/**
 * One process at a time uses a data directory. Invariant: the lock is the kernel's, on a file's inode, so it ends with
 * the process however the process ends, and a copied directory has a lock of its own.
 *
 * It is SQLite's exclusive lock on a small file, because Node has no other lock that dies with its process. The file
 * stays empty.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { requireOwnDatabase } from '#disk/closed-directory.ts';
import { deviceParts } from '#disk/device-number.ts';
import { KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';
import { LOCK_FILE, ownFile } from './data-files.ts';

export interface DataLock {
  release(): void;
}

const BUSY = 5;

/** In a directory that is closed to others. Throws `data-exposed`, `data-in-use`. */
export function acquireDataLock(directory: string): DataLock {
  const path = join(directory, LOCK_FILE);
  requireOwnDatabase(path);
  ownFile(path);
  const connection = new DatabaseSync(path, { timeout: 0 });
  try {
    connection.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    connection.close();
    if ((error as { errcode?: number }).errcode === BUSY) throw inUse(directory, path, error);
    throw error;
  }
  return {
    release() {
      connection.close();
    },
  };
}

function inUse(directory: string, path: string, cause: unknown): KeystairError {
  const holder = lockHolder(path);
  return new KeystairError(
    'data-in-use',
    `another process is using the data directory ${directory}${holder === undefined ? '' : ` (${holder})`}`,
    {
      nextStep:
        holder === undefined ? step('find-holder', { directory, path }) : step('end-server', { directory }),
      cause,
      details: holder === undefined ? {} : { pid: holder },
    },
  );
}

/** The process that holds the lock, where the kernel says (Linux): correct where a file with a number could be stale. */
function lockHolder(path: string): number | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    const { major, minor } = deviceParts(dev);
    const place = `${hexByte(major)}:${hexByte(minor)}:${ino}`;
    for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
      const words = line.trim().split(/\s+/);
      if (words[1] === 'POSIX' && words[3] === 'WRITE' && words[5] === place && Number(words[4]) > 0)
        return Number(words[4]);
    }
  } catch {
    // Not Linux, or hidden from us.
  }
  return undefined;
}

function hexByte(value: bigint): string {
  return value.toString(16).padStart(2, '0');
}
