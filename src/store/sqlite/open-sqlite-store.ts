/**
 * The store of one server in an embedded SQLite database: one connection that writes, groups of works that share a
 * flush, a lock on the data directory. docs/decisions/0002 says why.
 */
import { dirname, resolve as absolute } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { requireClosedDirectory, makeClosedDirectory, syncPath } from '#disk/closed-directory.ts';
import { KeystairError } from '#domain/errors.ts';
import { AUDIT_RESERVE_BYTES } from '#domain/limits.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Transaction } from '../transaction.ts';
import type { Store, WriteOptions } from '../store.ts';
import { createCommitQueue } from './commit-queue.ts';
import { openCopyInMemory, openSecond, openWriter, type Sync } from './connection.ts';
import { refuseDamagedLog } from './damaged-log.ts';
import { DATA_DIRECTORY, prepareDatabaseFiles } from './data-files.ts';
import { acquireDataLock, type DataLock } from './data-lock.ts';
import { type DiskSpace, MEMORY_SPACE, diskSpaceOf } from './disk-space.ts';
import { type LogFlush, openLogFlush } from './log-flush.ts';
import { ensureSchema, markMoved } from './schema.ts';
import { explain, failureOf } from './sqlite-failure.ts';
import { SqliteReader } from './sqlite-reader.ts';
import { snapshotOf } from './sqlite-snapshot.ts';
import { checkSqliteVersion } from './sqlite-version.ts';
import { checkFile } from './check-file.ts';
import { structureProblems } from './structure.ts';
import { type Access, prepareTables, type Tables, WatchedTables } from './tables.ts';
import { refuseUnfinished } from './unfinished.ts';

/** A directory, made where it is missing, or a repository that ends with the process. */
export type SqlitePlace = { readonly directory: string } | { readonly path: ':memory:' };

export type SqliteStoreOptions = SqlitePlace & {
  /** Called when what is on disk is unknown; ends the process. */
  readonly onFatal: (error: KeystairError) => never;
  /** Set aside for audit events when the disk is full. */
  readonly auditReserveBytes?: number;
  /** `off` for tests and simulation only: loss of power then loses what was acknowledged. */
  readonly sync?: Sync;
  /** Fills the space set aside, so that no file system compresses it away. */
  readonly random?: (bytes: number) => Uint8Array;
};

/** What only a repository in a directory can do. */
export interface SqliteStore extends Store {
  /** Marks it as moved to another database, for ever: it is durable, and every start refuses the directory. */
  markMoved(place: string): Promise<void>;
}

interface Connections {
  readonly writer: Connection;
  /** Sees committed data while a group is open. In memory there is only one connection. */
  readonly second: Connection | undefined;
}

interface Connection {
  readonly connection: DatabaseSync;
  readonly tables: Tables;
}

interface Opened extends Connections {
  readonly space: DiskSpace;
  readonly lock: DataLock | undefined;
  /** Undefined where loss of power may lose what was acknowledged: in memory, and with sync off. */
  readonly log: LogFlush | undefined;
}

/**
 * Throws `data-exposed`, `data-in-use`, `data-newer`, `data-damaged`, `data-not-writable`, `disk-full`, `sqlite-too-old`.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  checkSqliteVersion(process.versions.sqlite ?? '0');
  const opened = 'directory' in options ? openDirectory(options.directory, options) : openMemory();
  return storeOf(opened, options.onFatal);
}

function openMemory(): Opened {
  const connection = openWriter(':memory:', 'off');
  ensureSchema(connection, ':memory:');
  const writer = { connection, tables: prepareTables(connection) };
  return { writer, second: undefined, space: MEMORY_SPACE, lock: undefined, log: undefined };
}

function openDirectory(given: string, options: SqliteStoreOptions): Opened {
  const directory = absolute(given);
  const { auditReserveBytes = AUDIT_RESERVE_BYTES, random, sync = 'full' } = options;
  const space = diskSpaceOf({ directory, reserveBytes: auditReserveBytes, random });
  let lock: DataLock | undefined;
  try {
    makeClosedDirectory(directory, DATA_DIRECTORY);
    requireClosedDirectory(directory, DATA_DIRECTORY);
    refuseUnfinished(directory);
    // Before anything is made there: on a share without that call no server can keep its promise.
    syncPath(directory);
    lock = acquireDataLock(directory);
    refuseDamagedLog(prepareDatabaseFiles(directory));
    const connections = openConnections(space, sync);
    space.allocateReserve();
    return { ...connections, space, lock, log: sync === 'full' ? openLogFlush(space.database) : undefined };
  } catch (error) {
    lock?.release();
    throw explain(error, space);
  }
}

/** A server whose disk ran full must be able to start and give out keys: opening, too, takes some space. */
function openConnections(space: DiskSpace, sync: Sync): Connections {
  for (;;) {
    try {
      return openBoth(space.database, sync);
    } catch (error) {
      if (failureOf(error, space) !== 'full' || !space.releaseReserve()) throw error;
    }
  }
}

function openBoth(path: string, sync: Sync): Connections {
  const opened: DatabaseSync[] = [];
  try {
    const writer = openWriter(path, sync);
    opened.push(writer);
    ensureSchema(writer, path);
    const second = openSecond(path);
    opened.push(second);
    // SQLite syncs the name of a log that it makes, and hides a failure of that: without its name the log is lost.
    if (sync === 'full') syncPath(dirname(path));
    return {
      writer: { connection: writer, tables: prepareTables(writer) },
      second: { connection: second, tables: prepareTables(second) },
    };
  } catch (error) {
    for (const connection of opened.toReversed()) connection.close();
    throw error;
  }
}

function storeOf(
  { writer, second, space, lock, log }: Opened,
  onFatal: SqliteStoreOptions['onFatal'],
): SqliteStore {
  const explainHere = (error: unknown): unknown => explain(error, space);
  const queue = createCommitQueue({ ...writer, space, log, explain: explainHere, onFatal });
  const watched = new WatchedTables(writer.tables, queue.changed);
  let closing: Promise<void> | undefined;

  /**
   * Between groups, reads use the writing connection, whose cache is warm; the other loses its cache with every commit.
   * While a group is open, reads use the other one: a group opens only once all before it are durable. A read of a
   * table that waits for its flush is answered once that flush is over.
   */
  const access: Access = async (read) => {
    if (second === undefined) while (queue.isOpen()) await queue.groupOver();
    if (closing !== undefined) throw closedError();
    try {
      if (second !== undefined && queue.isOpen()) return read(second.tables);
      watched.forget();
      const found = read(watched);
      if (watched.met) await queue.groupOver();
      return found;
    } catch (error) {
      throw explainHere(error);
    }
  };

  const snapshots = new Set<Snapshot>();

  /** In memory no second connection could keep an older state: there the snapshot is a copy. */
  const takeSnapshot = async (): Promise<Snapshot> => {
    await queue.groupOver();
    if (closing !== undefined) throw closedError();
    try {
      const connection =
        second === undefined ? openCopyInMemory(writer.connection) : openSecond(space.database);
      const snapshot = snapshotOf(connection, explainHere, () => snapshots.delete(snapshot));
      snapshots.add(snapshot);
      return snapshot;
    } catch (error) {
      throw explainHere(error);
    }
  };

  const close = async (): Promise<void> => {
    await queue.drained();
    for (const snapshot of snapshots) await snapshot.release();
    second?.connection.close();
    writer.connection.close();
    log?.close();
    lock?.release();
  };

  return {
    facts: { kind: 'sqlite', place: space.directory },
    reader: new SqliteReader(access),
    write<T>(
      work: (transaction: Transaction) => Promise<T>,
      { reserve = false }: WriteOptions = {},
    ): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        if (closing === undefined)
          queue.add({ run: work, reserve, resolve: (value) => resolve(value as T), reject });
        else reject(closedError());
      });
    },
    snapshot: takeSnapshot,
    async markMoved(place) {
      await queue.drained();
      writer.connection.exec('PRAGMA synchronous = FULL');
      markMoved(writer.connection, place);
    },
    freeBytes: async () => space.freeBytes(),
    async checkStructure() {
      if (second === undefined) return access(() => structureProblems(writer.connection, space.database));
      if (closing !== undefined) throw closedError();
      return checkFile(space.database);
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function closedError(): KeystairError {
  return new KeystairError('interrupted', 'the repository is closed, because the server is stopping', {
    nextStep: 'start the server again',
  });
}
