/** Data directories that are made of others: snapshots, copies that are run twice, and what a backup brings back. */
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stretchAtOnce } from '#crypto/age/scrypt-stanza.ts';
import { readBackup } from '#server/backup/read-backup.ts';
import { restoreBackup } from '#server/backup/restore-backup.ts';
import type { Clock, Log, Random } from '#server/ports.ts';
import { fillSqliteDirectory } from '#store/sqlite/fill-directory.ts';
import { Life } from './life.ts';
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
}

/** What `server restore` does with an empty data directory. */
export async function restoreData(options: RestoreOptions): Promise<void> {
  const { file, password, directory, sealKey, clock, random, quiet, faults } = options;
  const onFatal = (error: unknown): never => {
    throw error;
  };
  await quiet.during(() =>
    fillSqliteDirectory({ directory, mayRemain: [], onFatal }, (real) => {
      const store = createStorePort({ real, life: new Life(), quiet, faults, onCommitted: () => undefined });
      const pages = readBackup(file, password, stretchAtOnce);
      return restoreBackup({ store, clock, random, log: SILENT }, pages, () => sealKey);
    }),
  );
}
