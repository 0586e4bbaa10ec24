/**
 * A file that appears under its name only when it is whole and on the disk: written under another name in the same
 * folder, mode 0600, flushed, renamed, the folder flushed. A failure or an abort leaves nothing. What is there already
 * is replaced only by `force`.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, link, lstat, open, readdir, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { KeystairError } from '#domain/errors.ts';
import { FILE_BLOCK_BYTES } from '#domain/limits.ts';

function exists(path: string): KeystairError {
  return new KeystairError('file-exists', `${path} exists already`, {
    nextStep: 'choose another name, or say --force to replace it',
  });
}

/** Refuses early what would be refused at the end. A device or a pipe is never replaced by a file. */
export async function checkNewFile(given: string, force: boolean): Promise<void> {
  const path = await behindLinks(given);
  // In the words of the folder: under the name of a file that is yet to be, nobody would understand it.
  await access(dirname(resolve(path)), constants.W_OK);
  const there = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (there === undefined) return;
  if (!force) throw exists(given);
}

/**
 * A link is followed, so that what it names is replaced and the link stays: `/dev/stdout` is one. Where it leads
 * nowhere it is itself what is there. Throws for one that leads to what has no name, as a pipe does.
 */
async function behindLinks(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return path;
  if (!found.isFile()) throw notRegular(path);
  return realpath(path);
}

function notRegular(path: string): KeystairError {
  return new KeystairError('invalid-argument', `${path} is not a regular file`, {
    nextStep: 'name a file; `keystair keys export` takes - for standard output',
  });
}

const PARTIAL = /^\.keystair-([0-9]+)-[0-9a-f]{16}\.partial$/;

/**
 * What commands that were killed left in the folder of this file, as sentences. Not taken away: the process that is not
 * seen here may be one of another machine, on the same disk.
 */
export async function partsLeftBeside(path: string): Promise<string[]> {
  const folder = dirname(resolve(path));
  const left = (await readdir(folder)).filter((name) => {
    const pid = PARTIAL.exec(name)?.[1];
    return pid !== undefined && !runs(Number(pid));
  });
  return left.map(
    (name) => `${join(folder, name)} is what a command that was killed had written so far: remove it.`,
  );
}

/** Besides this one, which has written nothing yet. */
function runs(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export async function writeWholeFile(
  given: string,
  force: boolean,
  source: AsyncIterable<Uint8Array>,
): Promise<void> {
  await checkNewFile(given, force);
  const path = await behindLinks(given);
  const folder = dirname(resolve(path));
  const partial = join(folder, `.keystair-${process.pid}-${randomBytes(8).toString('hex')}.partial`);
  const handle = await open(partial, 'wx', 0o600);
  const target = handle.createWriteStream({ highWaterMark: FILE_BLOCK_BYTES, flush: true });
  let failedToWrite: unknown;
  target.once('error', (error) => (failedToWrite = error));
  try {
    // The stream flushes the file to the disk before it closes it.
    await pipeline(source, target);
    await takeName(partial, join(folder, basename(path)), force);
    await syncFolder(folder);
  } catch (error) {
    await unlink(partial).catch(() => {});
    throw error === failedToWrite ? notWritten(path, error) : error;
  }
}

/** What the system says of a write names no path. */
function notWritten(path: string, cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new KeystairError('disk-full', `the disk has no room for ${path}`, {
      nextStep: 'no file was left; make room there, or name another place, and run the command again',
      cause,
    });
  }
  if (code === 'EIO') {
    return new KeystairError('interrupted', `${path} could not be written: the disk failed`, {
      nextStep: 'no file was left; name a place on another disk, and run the command again',
      cause,
    });
  }
  return cause;
}

/** Without `force` in a way that fails where the name is taken, however late. */
async function takeName(partial: string, path: string, force: boolean): Promise<void> {
  if (force) {
    await rename(partial, path);
    return;
  }
  try {
    await link(partial, path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') throw exists(path);
    // FAT, which removable drives often carry, knows no links. There a look before the rename must do.
    if (code !== 'EPERM' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    await checkNewFile(path, false);
    await rename(partial, path);
    return;
  }
  await unlink(partial);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
