/**
 * A file that appears under its name only when it is whole and on the disk: written under another name in the same
 * folder, mode 0600, flushed, renamed, the folder flushed. A failure or an abort leaves nothing. What is there already
 * is replaced only by `force`.
 */
import { constants } from 'node:fs';
import { access, link, lstat, open, readdir, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { KeystairError } from '#domain/errors.ts';
import { FILE_BLOCK_BYTES } from '#domain/limits.ts';
import { fileFailure } from './file-failure.ts';

export interface WholeFile {
  readonly path: string;
  /** Replaces what is there. */
  readonly force: boolean;
  /** For the name under which it is written until it is whole. */
  readonly random: (bytes: number) => Uint8Array;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Refuses early what would be refused at the end. A device or a pipe is never replaced by a file, even with `force`.
 *
 * @returns the path behind any links.
 */
export async function checkNewFile(given: string, force: boolean): Promise<string> {
  const path = await behindLinks(given);
  const folder = dirname(resolve(path));
  try {
    await access(folder, constants.W_OK);
  } catch (error) {
    // Of the folder: said of a file that is yet to be, nobody would understand it.
    throw fileFailure(error, `write in ${folder}`);
  }
  if (!force && (await isThere(path))) throw exists(given);
  return path;
}

/**
 * A link is followed, so that what it names is replaced and the link stays: `/dev/stdout` is one. Where it leads
 * nowhere it is itself what is there. Throws for what is no regular file.
 */
async function behindLinks(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return path;
  if (found.isFile()) return realpath(path);
  throw new KeystairError('invalid-argument', `${path} is not a regular file`, {
    nextStep: 'name a file, or - for standard output',
  });
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw fileFailure(error, `look at ${path}`);
  }
}

function exists(path: string): KeystairError {
  return new KeystairError('file-exists', `${path} exists already`, {
    nextStep: 'choose another name, or say --force to replace it',
  });
}

const PARTIAL = /^\.keystair-([0-9]+)-[0-9a-f]{16}\.partial$/;

function partialName(random: WholeFile['random']): string {
  return `.keystair-${process.pid}-${Buffer.from(random(8)).toString('hex')}.partial`;
}

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

/** Throws what `source` throws, and failures of the disk in our codes. */
export async function writeWholeFile(
  { path: given, force, random, signal }: WholeFile,
  source: AsyncIterable<Uint8Array>,
): Promise<void> {
  const path = await checkNewFile(given, force);
  const folder = dirname(resolve(path));
  const partial = join(folder, partialName(random));
  let sourceFailure: { readonly error: unknown } | undefined;
  async function* noted(): AsyncGenerator<Uint8Array> {
    try {
      yield* source;
    } catch (error) {
      sourceFailure = { error };
      throw error;
    }
  }
  try {
    const handle = await open(partial, 'wx', 0o600);
    // The stream flushes the file to the disk before it closes it.
    const target = handle.createWriteStream({ highWaterMark: FILE_BLOCK_BYTES, flush: true });
    await pipeline(noted(), target, { ...(signal && { signal }) });
    await takeName(partial, join(folder, basename(path)), force);
    await syncFolder(folder);
  } catch (error) {
    await unlink(partial).catch(() => {});
    if (sourceFailure !== undefined && sourceFailure.error === error) throw error;
    throw fileFailure(error, `write ${given}`, 'no file was left');
  }
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
    // FAT and its relatives, which removable drives often carry, know no links. There a look before the rename must do.
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
