/** What an error of SQLite means for a repository, and its sentence for a person. Codes: sqlite.org/rescode.html. */
import { assert, KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';
import type { DiskSpace } from './disk-space.ts';

/**
 * `full`: no space, heals. `unsynced`: a write or sync failed and what is on disk is unknown, so the process must end.
 * `damaged`: what was read is not what was written. `not-writable`, `locked`: set up wrongly. `invariant`: rows that
 * must not be. `other`: a defect, or no error of SQLite.
 */
export type Failure = 'full' | 'unsynced' | 'damaged' | 'not-writable' | 'locked' | 'invariant' | 'other';

const ERROR = 1;
const PERM = 3;
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const CONSTRAINT = 19;
const NOTADB = 26;

/** Extended codes of IOERR: a failed read loses nothing. READ, SHORT_READ, DATA, CORRUPTFS. */
const IOERR_OF_READING: ReadonlySet<number> = new Set([1, 2, 32, 33]);
/** The index of the WAL is rebuilt at will; it fails to grow when the disk is full. SHMOPEN, SHMSIZE, SHMMAP. */
const IOERR_OF_WAL_INDEX: ReadonlySet<number> = new Set([18, 19, 21]);
/** The index grows by 32 KiB. */
const WAL_INDEX_BYTES = 64 * 1024;

function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode : undefined;
}

function failureOfIo(extended: number, space: DiskSpace): Failure {
  if (IOERR_OF_READING.has(extended)) return 'damaged';
  if (IOERR_OF_WAL_INDEX.has(extended) && space.freeBytes() < WAL_INDEX_BYTES) return 'full';
  return 'unsynced';
}

const SYSTEM_FAILURES: Readonly<Record<string, Failure>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EACCES: 'not-writable',
  EPERM: 'not-writable',
  EROFS: 'not-writable',
  // Node reports this, too, for a directory that it could not make.
  ENOENT: 'not-writable',
  EEXIST: 'not-writable',
  ENOTDIR: 'not-writable',
  ELOOP: 'not-writable',
  EIO: 'unsynced',
  // A number too large to be ours: one of its bits was flipped.
  ERR_OUT_OF_RANGE: 'damaged',
};

function failureOfSystem(error: unknown): Failure {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? '';
  return SYSTEM_FAILURES[code] ?? 'other';
}

/** SQLite says no more than this of a file whose header was damaged. */
const UNSUPPORTED = 'unsupported file format';

export function failureOf(error: unknown, space: DiskSpace): Failure {
  const code = sqliteCode(error);
  if (code === undefined) return failureOfSystem(error);
  switch (code & 0xff) {
    case FULL:
      return 'full';
    case IOERR:
      return failureOfIo(code >> 8, space);
    case CORRUPT:
    case NOTADB:
      return 'damaged';
    case ERROR:
      return error instanceof Error && error.message === UNSUPPORTED ? 'damaged' : 'other';
    case PERM:
    case READONLY:
    case CANTOPEN:
      return 'not-writable';
    case BUSY:
    case LOCKED:
      return 'locked';
    case CONSTRAINT:
      return 'invariant';
    default:
      return 'other';
  }
}

function said(error: unknown): string {
  const code = sqliteCode(error);
  const text = error instanceof Error ? error.message : String(error);
  return code === undefined ? text : `SQLite ${code}: ${text}`;
}

/** What is on disk is unknown: the process must end. */
export function unsynced(error: unknown, { directory }: DiskSpace): KeystairError {
  return new KeystairError(
    'data-not-writable',
    `writing to ${directory} failed, so what its disk holds is unknown (${said(error)})`,
    {
      nextStep: 'check the system log for disk errors, then start the server again',
      cause: error,
    },
  );
}

/** The error as a person should see it. Errors that are already for people, and defects, stay as they are. */
export function explain(error: unknown, space: DiskSpace): unknown {
  if (error instanceof KeystairError) return error;
  const { directory } = space;
  switch (failureOf(error, space)) {
    case 'full':
      return space.fullError(error);
    case 'unsynced':
      return unsynced(error, space);
    case 'damaged':
      return new KeystairError('data-damaged', `the database ${space.database} is damaged (${said(error)})`, {
        nextStep: step('verify-directory', { directory }),
        cause: error,
      });
    case 'not-writable':
      return new KeystairError(
        'data-not-writable',
        `the data directory ${directory} cannot be written (${said(error)})`,
        {
          nextStep:
            'make the user that runs the server its owner, on a file system that is mounted read-write',
          cause: error,
        },
      );
    case 'locked':
      return new KeystairError(
        'data-in-use',
        `another program holds a lock on ${space.database} (${said(error)})`,
        {
          nextStep: `stop that program; \`fuser ${space.database}\` names it`,
          cause: error,
        },
      );
    case 'invariant':
    case 'other':
    default:
      return error;
  }
}

/** A broken constraint is a defect of ours. */
export function assertNoConflict(error: unknown, invariant: string): void {
  assert(((sqliteCode(error) ?? 0) & 0xff) !== CONSTRAINT, `${invariant} (${said(error)})`);
}

/** A statement that does not fit the tables: the statements are ours, so the tables are wrong. */
export function isSqlError(error: unknown): error is Error {
  return sqliteCode(error) === ERROR;
}
