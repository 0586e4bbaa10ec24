/**
 * Connections to the database, configured so that committed data is on the disk, and a damaged page is an error and not
 * an answer.
 */
import { DatabaseSync } from 'node:sqlite';
import { KeystairError } from '#domain/errors.ts';
import { checkFormat } from './schema.ts';
import { prepareQuery } from './statement.ts';

/** SQLite's default, and the basis of every figure here. */
export const PAGE_BYTES = 4096;
/** Pages that stay in the WAL before they are carried to the database: 16 MiB, read again in 20 ms after a crash. */
export const WAL_PAGES_DUE = 4000;
/** A WAL that a large work or a long check grew is cut back to this. */
const WAL_BYTES_KEPT = 32 * 1024 * 1024;
const CACHE_KIB = 16 * 1024;
/** The second connection is asked only while a group is open. */
const SECOND_CACHE_KIB = 2 * 1024;
/** For an administrator who looks with another program; the lock keeps out a second process of ours. */
const BUSY_MS_MAX = 1000;

export type Sync = 'full' | 'off';

function open(path: string, readOnly: boolean, cacheKib: number): DatabaseSync {
  const connection = new DatabaseSync(path, {
    readOnly,
    returnArrays: true,
    defensive: true,
    allowExtension: false,
    enableForeignKeyConstraints: false,
    timeout: BUSY_MS_MAX,
  });
  // Without mmap a disk fault fails a read; with mmap it ends the process in the middle of one.
  connection.exec(`
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
    PRAGMA mmap_size = 0;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -${cacheKib};
  `);
  return connection;
}

/**
 * The one connection that writes. With `NORMAL` SQLite syncs around checkpoints only: the sync of a commit is ours
 * (`log-flush.ts`). We make checkpoints ourselves, because SQLite's own swallow their errors, a failed sync included.
 */
export function openWriter(path: string, sync: Sync): DatabaseSync {
  const connection = open(path, false, CACHE_KIB);
  connection.exec(`
    PRAGMA page_size = ${PAGE_BYTES};
    PRAGMA synchronous = ${sync === 'full' ? 'NORMAL' : 'OFF'};
    PRAGMA fullfsync = ${sync === 'full' ? 'ON' : 'OFF'};
    PRAGMA checkpoint_fullfsync = ${sync === 'full' ? 'ON' : 'OFF'};
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA journal_size_limit = ${WAL_BYTES_KEPT};
  `);
  // Before the mode, which is written into the file: a foreign database stays as it is.
  checkFormat(connection, path);
  const mode = prepareQuery(connection, 'PRAGMA journal_mode = WAL').first()?.[0];
  if (mode !== 'wal' && path !== ':memory:') {
    throw new KeystairError(
      'data-not-writable',
      `${path} cannot have a write-ahead log (mode ${String(mode)})`,
      {
        nextStep: 'put the data directory on a local file system, not on a network share',
      },
    );
  }
  return connection;
}

export function openSecond(path: string): DatabaseSync {
  return open(path, true, SECOND_CACHE_KIB);
}

/** A copy of a database in memory, as it is now. */
export function openCopyInMemory(of: DatabaseSync): DatabaseSync {
  const copy = open(':memory:', false, SECOND_CACHE_KIB);
  copy.deserialize(of.serialize());
  return copy;
}
