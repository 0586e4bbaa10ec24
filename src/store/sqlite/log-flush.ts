/**
 * The sync that makes commits durable: of the write-ahead log, in a thread of the system's pool, so that a server keeps
 * reading, checking and sealing while the disk works; or at once, where a quick disk has one caller to serve.
 *
 * Invariant: when a flush is over, everything that was committed before the call survives loss of power. SQLite's
 * recovery reads the log up to its last whole commit, so a log whose bytes are on the disk needs nothing else.
 */
import { closeSync, constants, fdatasync, fdatasyncSync, openSync } from 'node:fs';

/** Changing threads twice takes some 0.1 ms: where a sync takes little more, a lone caller's is made at once. */
const QUICK_MS_MAX = 1;

export interface LogFlush {
  /** Rejects where the sync failed: what is on the disk is then unknown. */
  flush(): Promise<void>;
  /** The same in this thread: for a caller that is alone. */
  flushHere(): void;
  /** Whether the last one ended so soon that another thread is not worth it. Unknown before the first. */
  isQuick(): boolean;
  close(): void;
}

/**
 * @param database its path. The log exists already, and stays the same file while a connection is open. Closing its
 * descriptor costs no lock: SQLite locks the database and the index of the log, never the log.
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
