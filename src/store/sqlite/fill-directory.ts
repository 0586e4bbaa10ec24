/**
 * Fills a data directory whole or not at all: what a restore does. The database is made in a folder of its own within
 * the directory, which may be a mount point, and takes its place in one rename once it is whole and on the disk.
 *
 * Invariant: while that folder exists, every start refuses the directory. A killed fill leaves the folder, and the next
 * fill removes it with everything that the killed one had made.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join, resolve as absolute } from 'node:path';
import { requireClosedDirectory, makeClosedDirectory, syncPath } from '#disk/closed-directory.ts';
import { KeystairError } from '#domain/errors.ts';
import type { Store } from '../store.ts';
import { DATA_DIRECTORY, DATABASE_FILE, LOCK_FILE } from './data-files.ts';
import { acquireDataLock } from './data-lock.ts';
import { diskSpaceOf } from './disk-space.ts';
import { openSqliteStore } from './open-sqlite-store.ts';
import { explain } from './sqlite-failure.ts';
import { UNFINISHED_FOLDER } from './unfinished.ts';

export interface FillOptions {
  readonly directory: string;
  /** Names of files that a broken-off fill may have left beside the database. */
  readonly mayRemain: readonly string[];
  readonly onFatal: (error: KeystairError) => never;
}

/** What a fresh file system has in its root. */
const NOTHING = ['lost+found', LOCK_FILE];

/**
 * @param fill writes into an empty store; what it throws leaves nothing.
 * Throws `already-exists` where the directory holds anything, `data-exposed`, `data-in-use`, `data-not-writable`, `disk-full`.
 */
export async function fillSqliteDirectory<T>(
  { directory: given, mayRemain, onFatal }: FillOptions,
  fill: (store: Store) => Promise<T>,
): Promise<T> {
  const directory = absolute(given);
  const unfinished = join(directory, UNFINISHED_FOLDER);
  const space = diskSpaceOf({ directory, reserveBytes: 0 });
  const asPeopleMeetIt = (error: unknown): never => {
    throw explain(error, space);
  };
  requireEmpty(directory, mayRemain);
  const isNew = !existsSync(directory);
  let done = false;
  try {
    makeClosedDirectory(directory, DATA_DIRECTORY);
    requireClosedDirectory(directory, DATA_DIRECTORY);
  } catch (error) {
    asPeopleMeetIt(error);
  }
  const lock = acquireDataLock(directory);
  try {
    // Again, now that nobody else can put anything there.
    requireEmpty(directory, mayRemain);
    clearUnfinished(directory);
    mkdirSync(unfinished, { mode: 0o700 });
    try {
      // Everything is synced at the end, before it takes its place: until then none of it counts.
      const store = await openSqliteStore({
        directory: unfinished,
        onFatal,
        auditReserveBytes: 0,
        sync: 'off',
      });
      let filled: T;
      try {
        filled = await fill(store);
      } finally {
        await store.close();
      }
      takePlace(directory, unfinished);
      done = true;
      return filled;
    } catch (error) {
      clearUnfinished(directory);
      return asPeopleMeetIt(error);
    }
  } finally {
    lock.release();
    if (isNew && !done) removeUnlessFilled(directory);
  }
}

/** The directory was made for this fill. If the caller put anything there meanwhile, the caller removes it. */
function removeUnlessFilled(directory: string): void {
  rmSync(join(directory, LOCK_FILE), { force: true });
  try {
    rmdirSync(directory);
  } catch {
    // Not empty: an empty directory was all that needed removing.
  }
}

function takePlace(directory: string, unfinished: string): void {
  const database = join(unfinished, DATABASE_FILE);
  // The last connection carried the write-ahead log over and removed it. If the log is still there, the file alone is
  // not whole.
  if (existsSync(`${database}-wal`)) {
    throw new KeystairError('data-not-writable', `${database} could not be closed`, {
      nextStep: 'check the system log for disk errors, and run the command again',
    });
  }
  syncPath(database);
  renameSync(database, join(directory, DATABASE_FILE));
  syncPath(directory);
  rmSync(unfinished, { recursive: true });
  syncPath(directory);
}

/** Removes what a killed fill had made. Its folder goes last. */
function clearUnfinished(directory: string): void {
  const unfinished = join(directory, UNFINISHED_FOLDER);
  if (!existsSync(unfinished)) return;
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(directory, DATABASE_FILE + suffix), { force: true });
  rmSync(unfinished, { recursive: true, force: true });
}

function requireEmpty(directory: string, mayRemain: readonly string[]): void {
  if (!existsSync(directory)) return;
  const found = readdirSync(directory);
  const broken = found.includes(UNFINISHED_FOLDER);
  const ours = broken ? [...mayRemain, UNFINISHED_FOLDER, DATABASE_FILE] : [];
  const other = found.find((name) => !NOTHING.includes(name) && !ours.includes(name));
  if (other === undefined) return;
  throw new KeystairError('already-exists', `${directory} is not empty: it holds ${other}`, {
    nextStep: 'nothing was changed; give a directory that is empty or does not exist yet',
  });
}
