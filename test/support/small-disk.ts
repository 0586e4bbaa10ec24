/** A file system of a few MiB for one test: mounted by root, which CI is; elsewhere such tests are skipped. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { atTheEnd } from './at-the-end.ts';

const BLOCK_BYTES = 64 * 1024;

/** For the `skip` option of a test. */
export function unlessRoot(): string | false {
  if (process.env['CI'] !== undefined) return false;
  return process.geteuid?.() === 0 ? false : 'run as root: it mounts a small file system';
}

export interface SmallDisk {
  readonly path: string;
  /** Leaves so many bytes free, to the page. Called again it begins anew. */
  fill(freeBytes?: number): void;
  /** Gives back what was filled. */
  empty(): void;
  remount(mode: 'ro' | 'rw'): void;
}

/** Unmounted when the tests of the file are over. */
export function mountSmallDisk(path: string, mebibytes: number): SmallDisk {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'keystair-test', path]);
  atTheEnd(() => execFileSync('umount', ['--lazy', path]));
  const ballast = join(path, 'ballast');
  return {
    path,
    fill(freeBytes = 0) {
      writeFileSync(ballast, '');
      const { bavail, bsize } = statfsSync(path);
      for (let left = bavail * bsize - freeBytes; left > 0; left -= BLOCK_BYTES) {
        // What else writes here meanwhile takes its part.
        try {
          appendFileSync(ballast, Buffer.alloc(Math.min(left, BLOCK_BYTES)));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
          return;
        }
      }
    },
    empty() {
      rmSync(ballast);
    },
    remount(mode) {
      execFileSync('mount', ['-o', `remount,${mode}`, path]);
    },
  };
}
