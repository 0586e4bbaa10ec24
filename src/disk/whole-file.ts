/**
 * A file that appears under its name only when it is whole and on the disk: written under another name in the same
 * folder, mode 0600, flushed, renamed, the folder flushed. A failure or an abort leaves nothing; a failure after the
 * file took its name says that the file is there, and what could not be assured. Only `force` replaces an existing
 * file.
 */
import { constants } from 'node:fs';
import { access, lstat, open, readdir, realpath, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { KeystairError } from '#domain/errors.ts';
import { FILE_BLOCK_BYTES } from '#domain/limits.ts';
import { fileFailure } from './file-failure.ts';
import { flush, flushFolder } from './flush.ts';
import { takeName } from './take-name.ts';

export interface WholeFile {
  readonly path: string;
  /** Replaces an existing file. */
  readonly force: boolean;
  /** Gives the name under which the file is written until it is whole. */
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
    // Names the folder: about a file that does not exist yet, nobody would understand it.
    throw fileFailure(error, `write in ${folder}`);
  }
  if (!force && (await isThere(path))) throw exists(given);
  return path;
}

/**
 * A link is followed, so that its target is replaced and the link stays: `/dev/stdout` is one. A link that leads
 * nowhere counts as the existing file itself. Throws for anything but a regular file.
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
  return new KeystairError('file-exists', `${path} already exists`, {
    nextStep: 'choose another name, or use --force to replace it',
  });
}

const PARTIAL = /^\.keystair-([0-9]+)-[0-9a-f]{16}\.partial$/;

function partialName(random: WholeFile['random']): string {
  return `.keystair-${process.pid}-${Buffer.from(random(8)).toString('hex')}.partial`;
}

/**
 * What killed commands left in the folder of this file, as sentences. Not removed: the process that is not seen here
 * may run on another machine, on the same disk.
 */
export async function partsLeftBeside(path: string): Promise<string[]> {
  const folder = dirname(resolve(path));
  const left = (await readdir(folder)).filter((name) => {
    const pid = PARTIAL.exec(name)?.[1];
    return pid !== undefined && !runs(Number(pid));
  });
  return left.map(
    (name) => `${join(folder, name)} is the unfinished output of a command that was killed: remove it.`,
  );
}

/** Except this one, which has written nothing yet. */
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
  let twice: boolean;
  try {
    await writeAndFlush(partial, noted(), signal);
    twice = await takeName(partial, join(folder, basename(path)), force);
  } catch (error) {
    const left = await leftOf(partial);
    if (sourceFailure !== undefined && sourceFailure.error === error) throw error;
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw exists(path);
    throw fileFailure(error, `write ${given}`, left);
  }
  const whole = `${given} is complete`;
  if (twice) {
    await unlink(partial).catch((error: unknown) => {
      throw fileFailure(error, `remove ${partial}`, `${whole}, and that is a second name for it`);
    });
  }
  await flushFolder(folder).catch((error: unknown) => {
    throw fileFailure(error, `flush ${folder}`, `${whole}, but a power failure may lose it`);
  });
}

async function writeAndFlush(
  path: string,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    // Not the handle's own stream: that would close the file before we can flush it our way.
    const target = new Writable({
      highWaterMark: FILE_BLOCK_BYTES,
      write: (block: Uint8Array, _encoding, done) => {
        handle.writeFile(block).then(() => done(), done);
      },
    });
    await pipeline(source, target, { ...(signal && { signal }) });
    await flush(handle);
  } finally {
    // It may fail as a write does: some systems say only here that there was no room.
    await handle.close();
  }
}

/** Removes what was written so far. @returns what became of it, in words. */
async function leftOf(partial: string): Promise<string> {
  try {
    await unlink(partial);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return `remove ${partial}, which was left behind`;
  }
  return 'no file was left';
}
