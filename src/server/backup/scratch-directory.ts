/**
 * A place of its own for a drill, gone when the drill is over, however it ended. A process that was killed cannot take
 * its place away: the next drill in the same folder does.
 *
 * Invariant: only a place that nobody uses is taken away, and the kernel says so: whoever works in one holds the lock on
 * it. What lies there is sealed, and the key that would open it was never written.
 */
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LOCK_FILE } from '#store/sqlite/data-files.ts';
import { acquireDataLock } from '#store/sqlite/data-lock.ts';

const NAME = 'keystair-check-';

/** @param use takes the lock on the directory it is given, for as long as it works there. */
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

/** What cannot be taken away stays: the drill itself is what was asked for. */
function takeAwayUnused(directory: string): void {
  try {
    const found = lstatSync(directory);
    if (!found.isDirectory() || found.uid !== process.geteuid?.()) return;
    if (!existsSync(join(directory, LOCK_FILE))) {
      // Its process ended before anything was there, or makes it at this moment and does so again.
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
    // In use, or gone by now.
  }
}
