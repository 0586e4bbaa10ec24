/**
 * The files of a data directory that belong to the store, made so that only their owner can read them.
 *
 * A process loses every lock it holds on a file when it closes any descriptor of it (POSIX). So nothing in this
 * process may open the database or the lock by its path while the store is open; what is done here is done before.
 */
import { chmodSync, closeSync, constants, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KeystairError } from '#domain/errors.ts';

export const DATABASE_FILE = 'keystair.db';
export const LOCK_FILE = 'keystair.lock';
export const RESERVE_FILE = 'audit-reserve';

/** What SQLite lays beside its database. */
const COMPANIONS = ['-wal', '-shm'] as const;
const OTHERS_MASK = 0o077;

/**
 * Makes the directory, known only to its owner, and its name durable. One level after the other: Node's own way of
 * making several never ends where a file system lets nobody make any, as below /proc.
 */
export function makeDataDirectory(directory: string, wanted = directory): void {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return;
  if (found !== undefined) {
    const what = directory === wanted ? 'it' : directory;
    throw new KeystairError(
      'data-not-writable',
      `the data directory ${wanted} cannot be made: ${what} is a file`,
      { nextStep: 'name the directory of the server, or a new one' },
    );
  }
  const above = dirname(directory);
  makeDataDirectory(above, wanted);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    // Another process may have been quicker; which of the two has the directory is for the lock to say.
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
  syncPath(above);
}

/** Makes an empty file unless there is one (which is not opened), and takes it away from everybody but its owner. */
export function ownFile(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600));
  }
  closeToOthers(path);
}

function closeToOthers(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && (found.mode & OTHERS_MASK) !== 0) chmodSync(path, 0o600);
}

/**
 * Prepares the database's files. SQLite gives its companions the mode of the database.
 *
 * A process that was killed may have written a commit and not synced it. The next one finds it in the file system's
 * cache and takes it for committed, though loss of power would still undo it. So it is synced before anyone reads.
 */
export function prepareDatabaseFiles(directory: string): string {
  const path = join(directory, DATABASE_FILE);
  ownFile(path);
  for (const companion of COMPANIONS) closeToOthers(path + companion);
  for (const file of [path, `${path}-wal`]) {
    if (statSync(file, { throwIfNoEntry: false }) !== undefined) syncPath(file);
  }
  syncPath(directory);
  return path;
}

/** What a file system answers that has no flush for a file or a directory. */
const NO_SUCH_CALL: ReadonlySet<string> = new Set(['EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/** Throws `data-not-writable` where the file system has no such call: what was acknowledged there could be lost. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } catch (cause) {
    if (!NO_SUCH_CALL.has((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    throw new KeystairError(
      'data-not-writable',
      `the file system that holds ${path} cannot flush it to the disk`,
      {
        nextStep:
          'a loss of power would take keys that were acknowledged: put the data directory on a disk of this machine, with a file system such as ext4 or XFS',
        cause,
      },
    );
  } finally {
    closeSync(descriptor);
  }
}
