/** Data directories that are made of others: snapshots, copies that are run twice, and what a backup brings back. */
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stretchAtOnce } from '#crypto/age/scrypt-stanza.ts';
import { readBackup } from '#server/backup/read-backup.ts';
import { restoreBackup } from '#server/backup/restore-backup.ts';
import type { Clock, Log, Random } from '#server/environment/environment.ts';
import { fillSqliteDirectory } from '#store/sqlite/fill-directory.ts';
import { UNFINISHED_FOLDER } from '#store/sqlite/unfinished.ts';
import type { Store } from '#store/store.ts';
import { Died, Life } from './life.ts';
import type { Quiet } from './quiet.ts';
import { createStorePort, type DiskFaults } from './store-port.ts';

/** The database and its write-ahead log; the index of the log is made anew. */
const FILES = ['keystair.db', 'keystair.db-wal'] as const;
const INDEX = 'keystair.db-shm';

/** Whole, because nothing is written between two events of a simulation. */
export function copyData(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  rmSync(join(to, INDEX), { force: true });
  for (const file of FILES) {
    rmSync(join(to, file), { force: true });
    if (existsSync(join(from, file))) copyFileSync(join(from, file), join(to, file));
  }
}

const SILENT: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

export interface RestoreOptions {
  readonly file: AsyncIterable<Uint8Array>;
  readonly password: string;
  readonly directory: string;
  readonly sealKey: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  readonly quiet: Quiet;
  /** Of the disk it is restored to. */
  readonly faults: DiskFaults;
  /** Where the process is killed, if it is. */
  readonly kill?: RestoreKill | undefined;
}

export interface RestoreKill {
  /** At so many moments of reading and writing; after fewer, when the database has taken its place and the mark is still there. */
  readonly afterMoments: number;
  /** A directory that gets what the kill leaves. */
  readonly leaves: string;
}

/** What `server restore` does with an empty data directory. Throws `Died` where it is killed. */
export async function restoreData(options: RestoreOptions): Promise<void> {
  const { file, password, directory, sealKey, clock, random, quiet, faults, kill } = options;
  const onFatal = (error: unknown): never => {
    throw error;
  };
  let killed = false;
  const filling = quiet.during(() =>
    fillSqliteDirectory({ directory, mayRemain: [], onFatal }, (real) => {
      const port = createStorePort({ real, life: new Life(), quiet, faults, onCommitted: () => undefined });
      const leave = (): void => {
        killed = true;
        cpSync(directory, kill!.leaves, { recursive: true });
      };
      const store = kill === undefined ? port : killedAfter(port, kill.afterMoments, leave);
      const pages = readBackup(file, password, stretchAtOnce);
      return restoreBackup({ store, clock, random, log: SILENT }, pages, () => sealKey);
    }),
  );
  if (kill === undefined) {
    await filling;
    return;
  }
  await filling.catch((error: unknown) => {
    if (!killed) throw error;
  });
  if (!killed) {
    cpSync(directory, kill.leaves, { recursive: true });
    mkdirSync(join(kill.leaves, UNFINISHED_FOLDER));
  }
  throw new Died();
}

/**
 * The store of a process that dies at a moment around a write or in the middle of it. What a kill leaves is what lies on
 * disk at that moment; then the work is undone, as if by nobody, so that the real store lets go of its files.
 */
function killedAfter(store: Store, moments: number, leave: () => void): Store {
  let left = moments;
  const moment = (): void => {
    left -= 1;
    if (left === 0) leave();
    if (left <= 0) throw new Died();
  };
  return {
    ...store,
    async write(work, options) {
      moment();
      const value = await store.write(async (transaction) => {
        const done = await work(transaction);
        moment();
        return done;
      }, options);
      moment();
      return value;
    },
  };
}
