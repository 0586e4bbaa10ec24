/**
 * The sync that makes commits durable: of the write-ahead log, in a thread of the system's pool, so that a server
 * goes on reading, checking and sealing while the disk works; or at once, where a quick disk has one caller to serve.
 *
 * Invariant: when a flush is over, everything that was committed before it was called survives loss of power. SQLite's
 * recovery takes the log up to its last whole commit, so a log whose bytes are on the disk needs nothing else.
 */
import { closeSync, constants, fdatasync, fdatasyncSync, openSync } from 'node:fs';

/** Changing threads twice takes some 0.1 ms: where a sync takes little more, one for a lone caller is made at once. */
const QUICK_MS_MAX = 1;

export interface LogFlush {
  /** Rejects where the sync failed: what is on the disk is then not known. */
  flush(): Promise<void>;
  /** The same, in this thread: for one caller and nobody beside it. */
  flushHere(): void;
  /** Whether the last one was over so soon that another thread is not worth its way. Not known before the first. */
  isQuick(): boolean;
  close(): void;
}

/**
 * @param database its path. The log is there already, and stays the same file for as long as a connection is open.
 * Closing its descriptor costs no lock: SQLite locks the database and the index of the log, never the log.
 */
export function openLogFlush(database: string): LogFlush {
  const descriptor = openSync(`${database}-wal`, constants.O_RDONLY);
  let lastMs = Number.POSITIVE_INFINITY;
  return {
    flush: () =>
      new Promise((resolve, reject) => {
        const begun = performance.now();
        fdatasync(descriptor, (error) => {
          lastMs = performance.now() - begun;
          if (error === null) resolve();
          else reject(error);
        });
      }),
    flushHere() {
      const begun = performance.now();
      fdatasyncSync(descriptor);
      lastMs = performance.now() - begun;
    },
    isQuick: () => lastMs <= QUICK_MS_MAX,
    close: () => closeSync(descriptor),
  };
}
