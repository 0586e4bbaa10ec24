/** Copies of data directories: snapshots, copies that are run twice, backups that are put back. */
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

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
