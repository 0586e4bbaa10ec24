/**
 * What an error of SQLite means for the agent's state, and its sentence for a person. Codes: sqlite.org/rescode.html.
 * Invariant: a disk that is full, read-only or failing is called that, and never a defect or a damaged file.
 */
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { KeystairError } from '#domain/errors.ts';

/** ERROR (other tables), CORRUPT, NOTADB: the file is not as it was written. */
const DAMAGED: ReadonlySet<number> = new Set([1, 11, 26]);
/** PERM, READONLY, CANTOPEN. */
const NOT_WRITABLE: ReadonlySet<number> = new Set([3, 8, 14]);
/** BUSY, LOCKED. */
const IN_USE: ReadonlySet<number> = new Set([5, 6]);
const IOERR = 10;
const FULL = 13;
/** Extended codes of IOERR for a read that failed: READ, SHORT_READ, DATA, CORRUPTFS. */
const IOERR_OF_READING: ReadonlySet<number> = new Set([1, 2, 32, 33]);
/** Below this SQLite may find no room for a journal, and then says only that it could not open or write it. */
const ROOM_BYTES = 64 * 1024;

/** The error as a person should see it. Errors that are already for people, and defects, stay as they are. */
export function stateFailure(path: string, error: unknown): unknown {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  if (typeof code !== 'number') return error;
  const kind = code & 0xff;
  if (DAMAGED.has(kind) || (kind === IOERR && IOERR_OF_READING.has(code >> 8)))
    return stateDamaged(path, error);
  if (IN_USE.has(kind)) {
    return new KeystairError('data-in-use', `another command is writing to the agent state ${path}`, {
      nextStep: 'run the command again when that one has finished',
      cause: error,
    });
  }
  const writing = kind === IOERR || NOT_WRITABLE.has(kind);
  if (kind === FULL || (writing && freeBytes(path) < ROOM_BYTES)) {
    return new KeystairError('disk-full', `the disk that holds the agent state ${path} is full`, {
      nextStep: 'free some space there, and run the command again',
      cause: error,
    });
  }
  if (!writing) return error;
  return new KeystairError('data-not-writable', `the agent state ${path} cannot be written`, {
    nextStep:
      kind === IOERR
        ? 'check the system log for disk errors'
        : 'run the command as the user who enrolled this device, and check that its file system is mounted read-write',
    cause: error,
  });
}

export function stateDamaged(path: string, cause: unknown): KeystairError {
  return new KeystairError('data-damaged', `the agent state ${path} cannot be read`, {
    nextStep:
      'check the disk and its free space; restore the file from a backup, or enrol again with an empty directory: the keys remain on the server',
    cause,
  });
}

function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
