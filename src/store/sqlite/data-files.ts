/**
 * The files of a data directory that belong to the store, made so that only their owner can read them. By then the
 * directory is known to be closed to others.
 *
 * A process loses every lock it holds on a file when it closes any descriptor of it (POSIX). So nothing in this process
 * may open the database or the lock by its path while the store is open; this file runs before that.
 */
import { chmodSync, closeSync, constants, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { requireOwnDatabase, requireOwnFile, syncPath } from '#disk/closed-directory.ts';

export const DATABASE_FILE = 'keystair.db';
export const LOCK_FILE = 'keystair.lock';
export const RESERVE_FILE = 'audit-reserve';
/** Its name in sentences. */
export const DATA_DIRECTORY = 'the data directory';

/** Files that SQLite puts beside its database. */
const COMPANIONS = ['-wal', '-shm'] as const;
const OWNER_ONLY = 0o600;
const OTHERS_MASK = 0o077;

/** Makes an empty file unless there is one (which is not opened), and removes all access but its owner's. */
export function ownFile(path: string): void {
  if (!requireOwnFile(path)) {
    closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, OWNER_ONLY));
    // A umask can only take bits away, and might take the owner's.
    chmodSync(path, OWNER_ONLY);
  }
  closeToOthers(path);
}

function closeToOthers(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && (found.mode & OTHERS_MASK) !== 0) chmodSync(path, OWNER_ONLY);
}

/**
 * Prepares the database's files. SQLite gives its companions the mode of the database.
 *
 * A killed process may have written a commit without syncing it. The next process finds it in the file system's cache
 * and takes it for committed, though loss of power would still undo it. So it is synced before anyone reads.
 */
export function prepareDatabaseFiles(directory: string): string {
  const path = join(directory, DATABASE_FILE);
  requireOwnDatabase(path);
  requireOwnFile(join(directory, RESERVE_FILE));
  ownFile(path);
  for (const companion of COMPANIONS) closeToOthers(path + companion);
  for (const file of [path, `${path}-wal`]) {
    if (statSync(file, { throwIfNoEntry: false }) !== undefined) syncPath(file);
  }
  syncPath(directory);
  return path;
}
