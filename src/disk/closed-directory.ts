/**
 * A directory that holds something of ours, and the files in it: closed to other users, or refused.
 *
 * Invariants: everything we make is its owner's alone, whatever the umask. Nothing is opened in a directory where
 * another user may put files, and no file of ours is reached through a link: SQLite would follow it, and so would a
 * change of mode. Once the directory is known to be closed, only its owner and root can swap a file after the check.
 */
import { chmodSync, closeSync, fsyncSync, lstatSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { KeystairError } from '#domain/errors.ts';
import { NO_SUCH_CALL } from './flush.ts';
import { shellWord } from './shell-word.ts';

const OWNER_ONLY = 0o700;
const WRITABLE_BY_OTHERS = 0o022;
/** Files that SQLite puts beside a database, and reads if it finds them. */
const COMPANIONS = ['', '-journal', '-wal', '-shm'] as const;

/**
 * Makes the directory, and its name durable. One level after the other: Node's recursive way never ends where a file
 * system lets nobody make a directory, as below /proc.
 *
 * @param what its name in sentences.
 */
export function makeClosedDirectory(directory: string, what: string, wanted = directory): void {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return;
  if (found !== undefined) {
    const which = directory === wanted ? 'it' : directory;
    throw new KeystairError('data-not-writable', `${what} ${wanted} cannot be created: ${which} is a file`, {
      nextStep: 'name a directory, or a path that does not exist yet',
    });
  }
  const above = dirname(directory);
  makeClosedDirectory(above, what, wanted);
  try {
    mkdirSync(directory, { mode: OWNER_ONLY });
    // A umask can only take bits away, and might take the owner's.
    chmodSync(directory, OWNER_ONLY);
  } catch (error) {
    // Another process may have been quicker; ownership is then checked as for any other directory.
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
  syncPath(above);
}

/** Throws `data-exposed` where the directory belongs to another user, or others may write in it. */
export function requireClosedDirectory(directory: string, what: string): void {
  const { uid, mode } = statSync(directory);
  const self = ownUser(uid);
  const word = shellWord(directory);
  if (uid !== self) {
    throw new KeystairError('data-exposed', `${what} ${directory} belongs to another user (${uid})`, {
      nextStep: `run the command as that user; or, if it should be yours, as root: chown ${self} ${word} && chmod 700 ${word}`,
    });
  }
  if (isWritableByOthers(mode)) {
    throw new KeystairError('data-exposed', `other users may write to ${what} ${directory}`, {
      nextStep: `run: chmod 700 ${word}; then check that everything in it is yours`,
    });
  }
}

/**
 * Checks a file of ours in a closed directory before it is opened by its name.
 *
 * @returns whether it exists. Throws `data-exposed` for a link, another user's file and anything that is no file.
 */
export function requireOwnFile(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (!found.isFile()) {
    const what = found.isSymbolicLink() ? 'a symbolic link' : 'not a regular file';
    throw new KeystairError('data-exposed', `${path} is ${what}, and Keystair never creates one there`, {
      nextStep: 'find out who put it there, and remove it',
    });
  }
  const self = ownUser(found.uid);
  if (found.uid !== self) {
    throw new KeystairError('data-exposed', `${path} belongs to another user (${found.uid})`, {
      nextStep: `find out who put it there; if it is yours, as root: chown ${self} ${shellWord(path)}`,
    });
  }
  return true;
}

/** The same for a database with every file that SQLite opens together with it. */
export function requireOwnDatabase(path: string): void {
  for (const companion of COMPANIONS) requireOwnFile(path + companion);
}

export function isWritableByOthers(mode: number): boolean {
  return (mode & WRITABLE_BY_OTHERS) !== 0;
}

/** @param defaultValue the result where the system has no users. */
export function ownUser(defaultValue: number): number {
  return process.geteuid?.() ?? defaultValue;
}

/** Throws `data-not-writable` where the file system has no such call: acknowledged data could be lost there. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } catch (cause) {
    if (!NO_SUCH_CALL.has((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    throw new KeystairError(
      'data-not-writable',
      `the file system that holds ${path} cannot flush it to disk`,
      {
        nextStep:
          'a power failure would lose acknowledged keys: put the directory on a local disk, with a file system such as ext4 or XFS',
        cause,
      },
    );
  } finally {
    closeSync(descriptor);
  }
}
