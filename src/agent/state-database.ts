/**
 * The database of the agent's state, opened and brought to this release's form.
 *
 * Invariant: what is forgotten is written over, and a state of a newer release is refused.
 */
import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { KeystairError } from '#domain/errors.ts';
import { stateDamaged, stateFailure } from './state-failure.ts';

/** How long a command waits for another that is writing. */
const BUSY_MS = 10_000;
/** 2: requests for keys. */
const STATE_VERSION = 2;

/** False where there is none. Throws `not-allowed` where it is another user's. */
export function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    throw new KeystairError(
      'not-allowed',
      `this user cannot open the agent's state in ${dirname(path)}: permission denied`,
      {
        nextStep: 'run the command as the user who enrolled this device, usually root',
        cause: error,
      },
    );
  }
}

export function openDatabase(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: BUSY_MS });
    // What is forgotten is written over.
    database.exec(
      'PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA; PRAGMA trusted_schema = OFF; PRAGMA secure_delete = ON',
    );
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as {
      user_version: number;
    };
    if (version > STATE_VERSION) {
      throw new KeystairError('data-newer', `the agent state ${path} was written by a newer release`, {
        nextStep: 'upgrade Keystair on this device',
      });
    }
    if (version < STATE_VERSION) createTables(database);
    return database;
  } catch (cause) {
    database?.close();
    const failure = stateFailure(path, cause);
    throw failure instanceof KeystairError ? failure : stateDamaged(path, cause);
  }
}

function createTables(database: DatabaseSync): void {
  database.exec(`
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS keys (
      id TEXT PRIMARY KEY, kind TEXT NOT NULL, custody TEXT NOT NULL, claim TEXT NOT NULL,
      record TEXT, material BLOB, blind BLOB
    ) STRICT;
    CREATE TABLE IF NOT EXISTS receipts (
      server TEXT NOT NULL, key TEXT NOT NULL, receipt TEXT NOT NULL, PRIMARY KEY (server, key)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS requests (
      id TEXT PRIMARY KEY, key TEXT NOT NULL, made TEXT NOT NULL, identity BLOB, used TEXT
    ) STRICT;
    PRAGMA user_version = ${STATE_VERSION};
    COMMIT;
  `);
}
