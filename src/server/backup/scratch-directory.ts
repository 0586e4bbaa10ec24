/**
 * A scratch directory for a drill, removed when the drill is over, however it ended. A killed process cannot remove its
 * directory: the next drill in the same folder does.
 *
 * Invariant: only an unused directory is removed, and the kernel decides that: a process that works in one holds the
 * lock on it. Its contents are sealed, and the key that would open them was never written.
 */
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LOCK_FILE } from '#store/sqlite/data-files.ts';
import { acquireDataLock } from '#store/sqlite/data-lock.ts';

const NAME = 'keystair-check-';

/** @param use takes the lock on the directory that it is given, for as long as it works there. */
export async function withScratchDirectory<T>(
  folder: string,
  use: (directory: string) => Promise<T>,
): Promise<T> {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(NAME)) takeAwayUnused(join(folder, name));
  }
  const directory = mkdtempSync(join(folder, NAME));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What cannot be removed stays: the caller asked for the drill itself. */
function takeAwayUnused(directory: string): void {
  try {
    const found = lstatSync(directory);
    if (!found.isDirectory() || found.uid !== process.geteuid?.()) return;
    if (!existsSync(join(directory, LOCK_FILE))) {
      // Its process ended before anything was there, or is making it at this moment and will make it again.
      rmdirSync(directory);
      return;
    }
    const lock = acquireDataLock(directory);
    try {
      rmSync(directory, { recursive: true });
    } finally {
      lock.release();
    }
  } catch {
    // In use, or already gone.
  }
}
