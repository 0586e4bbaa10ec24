/** A file system of a few MiB for one test: mounted by root, which CI is; elsewhere such tests are skipped. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { atTheEnd } from './at-the-end.ts';

/** For the `skip` option of a test. */
export function unlessRoot(): string | false {
  if (process.env['CI'] !== undefined) return false;
  return process.geteuid?.() === 0 ? false : 'run as root: it mounts a small file system';
}

export interface SmallDisk {
  readonly path: string;
  remount(mode: 'ro' | 'rw'): void;
}

/** Unmounted when the tests of the file are over. */
export function mountSmallDisk(path: string, mebibytes: number): SmallDisk {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'keystair-test', path]);
  atTheEnd(() => execFileSync('umount', ['--lazy', path]));
  return {
    path,
    remount(mode) {
      execFileSync('mount', ['-o', `remount,${mode}`, path]);
    },
  };
}
