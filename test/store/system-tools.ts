/** What a test of the store needs of the system: at a desk its absence skips the test, in CI it fails. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** For `skip`: false, or why. */
export function missing(present: boolean, install: string): string | false {
  return present || process.env['CI'] !== undefined ? false : install;
}

export function hasTool(command: string): boolean {
  return spawnSync(command, ['--version']).error === undefined;
}

function mount(...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync('mount', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mount ${args.join(' ')}: ${error?.message ?? stderr}`);
}

/** Lazily: a test that failed may have left a store open, and its failure is what should be told. */
function unmount(directory: string): void {
  spawnSync('umount', ['--lazy', directory]);
}

/** Runs the body with a file system of its own in memory. */
export async function withSmallDisk(
  bytes: number,
  body: (directory: string) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'keystair-disk-'));
  mount('-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', directory);
  try {
    await body(directory);
  } finally {
    unmount(directory);
    rmSync(directory, { recursive: true });
  }
}

/** Runs the body with a second view of the directory through which nothing can be written, not even by root. */
export async function withReadOnlyView(
  directory: string,
  body: (view: string) => Promise<void>,
): Promise<void> {
  const view = mkdtempSync(join(tmpdir(), 'keystair-view-'));
  mkdirSync(directory, { recursive: true });
  mount('--bind', directory, view);
  try {
    mount('-o', 'remount,bind,ro', view);
    await body(view);
  } finally {
    unmount(view);
    rmSync(view, { recursive: true });
  }
}

export const canMount: boolean = (() => {
  const directory = mkdtempSync(join(tmpdir(), 'keystair-mount-'));
  const able = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory]).status === 0;
  if (able) unmount(directory);
  rmSync(directory, { recursive: true });
  return able;
})();
