/**
 * The sync that makes commits durable: of the write-ahead log, in a thread of the system's pool, so that a server
 * goes on reading, checking and sealing while the disk works.
 *
 * Invariant: when `flush` resolves, everything that was committed before it was called survives loss of power. SQLite's
 * recovery takes the log up to its last whole commit, so a log whose bytes are on the disk needs nothing else.
 */
import { closeSync, constants, fdatasync, openSync } from 'node:fs';

export interface LogFlush {
  /** Rejects where the sync failed: what is on the disk is then not known. */
  flush(): Promise<void>;
  close(): void;
}

/**
 * @param database its path. The log is there already, and stays the same file for as long as a connection is open.
 * Closing its descriptor costs no lock: SQLite locks the database and the index of the log, never the log.
 */
export function openLogFlush(database: string): LogFlush {
  const descriptor = openSync(`${database}-wal`, constants.O_RDONLY);
  return {
    flush: () =>
      new Promise((resolve, reject) => {
        fdatasync(descriptor, (error) => {
          if (error === null) resolve();
          else reject(error);
        });
      }),
    close: () => closeSync(descriptor),
  };
}
