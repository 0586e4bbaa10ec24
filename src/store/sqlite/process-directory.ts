/**
 * The data directory of a process whose repository lies in another database: it holds the socket, the key file, and the
 * lock that keeps a second process out. Invariant: no repository is served beside one that lies here.
 */
import { existsSync } from 'node:fs';
import { join, resolve as absolute } from 'node:path';
import { makeClosedDirectory, requireClosedDirectory } from '#disk/closed-directory.ts';
import { KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';
import { openSecond } from './connection.ts';
import { DATA_DIRECTORY, DATABASE_FILE } from './data-files.ts';
import { acquireDataLock, type DataLock } from './data-lock.ts';
import { movedTo } from './schema.ts';
import { refuseUnfinished } from './unfinished.ts';

/** Throws `data-exposed`, `data-in-use`, `already-exists`, `data-not-writable`. */
export function holdProcessDirectory(given: string): DataLock {
  const directory = absolute(given);
  makeClosedDirectory(directory, DATA_DIRECTORY);
  requireClosedDirectory(directory, DATA_DIRECTORY);
  refuseUnfinished(directory);
  const lock = acquireDataLock(directory);
  try {
    refuseRepository(directory);
    return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
}

function refuseRepository(directory: string): void {
  if (!existsSync(join(directory, DATABASE_FILE))) return;
  const place = placeMovedTo(directory);
  if (place !== undefined) return;
  throw new KeystairError('already-exists', `${directory} holds a repository of its own`, {
    nextStep: step('migrate-first', { directory }),
  });
}

/** Where the repository of this directory was moved to; undefined where it was not moved. */
export function placeMovedTo(directory: string): string | undefined {
  const path = join(directory, DATABASE_FILE);
  if (!existsSync(path)) return undefined;
  const connection = openSecond(path);
  try {
    return movedTo(connection);
  } finally {
    connection.close();
  }
}
