/**
 * A disk for one place: an ext4 file system in an image file, mounted through a loop device.
 *
 * The image file holds what the file system brought to its disk; what it still has in memory is not in it. So a copy
 * of the file, made while the file system is mounted and nobody writes, is what the disk holds when the power goes at
 * that moment. A copy during which the loop device wrote anything is no moment, and is thrown away.
 */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { Place } from './place.ts';
import type { Workplace } from './workplace.ts';

const run = promisify(execFile);
const COPIES_MAX = 200;

export interface DiskOptions {
  readonly bytes: number;
  readonly mountOptions?: readonly string[];
}

/** Mounted at `path`, from which data and state are used as if it were any directory. */
export function openDiskImage(workplace: Workplace, name: string, options: DiskOptions): Place {
  const folder = workplace.makeFolder(name);
  const path = join(folder, 'mounted');
  mkdirSync(path);
  let copies = 0;
  let image = join(folder, 'disk-0.img');
  makeFileSystem(image, options.bytes);
  mount(image, path, options.mountOptions);
  const forget = workplace.atTheEnd(() => unmount(path));

  return {
    path,
    async cut() {
      copies += 1;
      const copy = join(folder, `disk-${copies}.img`);
      await copyAtOneMoment(image, copy);
      unmount(path);
      rmSync(image);
      image = copy;
      mount(image, path, options.mountOptions);
    },
    close() {
      forget();
      unmount(path);
      rmSync(image);
    },
  };
}

function makeFileSystem(image: string, bytes: number): void {
  writeFileSync(image, '');
  truncateSync(image, bytes);
  // No blocks kept for root: a full disk is full for the tests, which root runs. Blocks as large as a page, which a small
  // image would not get: with smaller ones SQLite's index of the log has holes, and a full disk is a SIGBUS.
  execFileSync('mkfs.ext4', ['-q', '-F', '-b', '4096', '-m', '0', image]);
}

function mount(image: string, path: string, options: readonly string[] = []): void {
  execFileSync('mount', ['-t', 'ext4', '-o', ['loop', ...options].join(','), image, path]);
}

/** Lazily where somebody is left over in it: the run has failed then, and says why. */
function unmount(path: string): void {
  if (spawnSync('umount', [path]).status !== 0) spawnSync('umount', ['--lazy', path]);
}

async function copyAtOneMoment(image: string, copy: string): Promise<void> {
  const { stdout } = await run('losetup', ['--noheadings', '--output', 'NAME', '--associated', image]);
  const device = basename(stdout.trim());
  for (let tried = 0; tried < COPIES_MAX; tried += 1) {
    const before = writesOf(device);
    await run('cp', ['--sparse=always', image, copy]);
    const after = writesOf(device);
    if (before.underWay === 0 && after.underWay === 0 && before.done === after.done) return;
  }
  throw new Error('the disk was never still for as long as a copy takes');
}

/** Kernel documentation, block/stat: the fifth figure counts writes that ended, the ninth what is under way. */
function writesOf(device: string): { readonly done: number; readonly underWay: number } {
  const figures = readFileSync(`/sys/block/${device}/stat`, 'utf8').trim().split(/\s+/).map(Number);
  return { done: figures[4]!, underWay: figures[8]! };
}

/** Why this machine has no such disks; undefined where it has. */
export function whyNoDiskImages(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'keystair-loop-'));
  const path = join(folder, 'mounted');
  const image = join(folder, 'disk.img');
  try {
    mkdirSync(path);
    makeFileSystem(image, 8 * 1024 * 1024);
    mount(image, path);
    unmount(path);
    return undefined;
  } catch (error) {
    const because = (error as Error).message.split('\n')[0];
    return `run as root where loop devices can be mounted, with e2fsprogs installed (${because})`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
