/**
 * Where a file comes from and where it goes: a path, or `-` for the standard streams.
 *
 * Invariant: at a path the output appears only when it is whole and durable. It is written under another name in the
 * same folder, mode 0600, flushed, and then takes its name in one step; a failure or an abort leaves nothing. What is
 * there already is never replaced unless `force` says so.
 */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, link, lstat, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { addAbortSignal, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { KeystairError } from '#domain/errors.ts';
import { FILE_BLOCK_BYTES } from '#domain/limits.ts';
import { fileFailure, interrupted } from './file-failure.ts';

const STANDARD_STREAM = '-';

export interface StandardStreams {
  readonly stdin: Readable;
  readonly stdout: Writable;
}

export interface FileInput {
  readonly bytes: AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** Opens before anything is made, so that a missing input costs nothing. */
export async function openInput(
  path: string,
  streams: StandardStreams,
  signal?: AbortSignal,
): Promise<FileInput> {
  if (signal?.aborted === true) throw interrupted();
  if (path === STANDARD_STREAM) {
    if (signal !== undefined) addAbortSignal(signal, streams.stdin);
    return { bytes: namingFailures(streams.stdin, 'read standard input'), close: async () => {} };
  }
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY);
  } catch (error) {
    throw fileFailure(error, `open ${path}`);
  }
  if ((await handle.stat()).isDirectory()) {
    await handle.close();
    throw new KeystairError('invalid-argument', `${path} is a folder`, { nextStep: 'name a file' });
  }
  const stream = handle.createReadStream({ highWaterMark: FILE_BLOCK_BYTES, ...(signal && { signal }) });
  return {
    bytes: namingFailures(stream, `read ${path}`),
    close: async () => {
      stream.destroy();
      await handle.close().catch(() => {});
    },
  };
}

async function* namingFailures(source: Readable, what: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const block of source) yield block as Uint8Array;
  } catch (error) {
    throw fileFailure(error, what);
  }
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileFailure(error, `look at ${path}`);
  }
}

function exists(path: string): KeystairError {
  return new KeystairError('file-exists', `${path} exists already`, {
    nextStep: 'choose another name, or say --force to replace it',
  });
}

/** Refuses early what would be refused at the end. A device or a pipe is never replaced by a file, even with `force`. */
export async function checkOutput(path: string, force: boolean): Promise<void> {
  if (path === STANDARD_STREAM) return;
  const there = await statIfThere(await behindLinks(path));
  if (there !== undefined && !force) throw exists(path);
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

export interface FileOutput {
  readonly path: string;
  readonly force: boolean;
  readonly streams: StandardStreams;
  /** For the name under which the output is written until it is whole. */
  readonly random: (bytes: number) => Uint8Array;
  readonly signal?: AbortSignal | undefined;
}

/** Writes all of `source`, at the pace of whatever takes it. */
export async function writeOutput(output: FileOutput, source: AsyncIterable<Uint8Array>): Promise<void> {
  const { signal } = output;
  if (output.path === STANDARD_STREAM) {
    // Standard output is not ours to end, and what went out cannot be taken back.
    await drain(source, output.streams.stdout, { end: false, signal }, 'write to standard output');
    await flush(output.streams.stdout);
    return;
  }
  await checkOutput(output.path, output.force);
  const path = await behindLinks(output.path);
  const folder = dirname(resolve(path));
  const partial = join(folder, `.keystair-${Buffer.from(output.random(8)).toString('hex')}.partial`);
  let handle: FileHandle;
  try {
    handle = await open(partial, 'wx', 0o600);
  } catch (error) {
    throw fileFailure(error, `write in ${folder}`);
  }
  try {
    // The stream flushes the file to the disk before it closes it.
    const sink = handle.createWriteStream({ highWaterMark: FILE_BLOCK_BYTES, flush: true });
    await drain(source, sink, { end: true, signal }, `write ${path}`);
    try {
      await takeName(partial, join(folder, basename(path)), output.force);
      await syncFolder(folder);
    } catch (error) {
      throw fileFailure(error, `write ${path}`);
    }
  } catch (error) {
    await unlink(partial).catch(() => {});
    throw error;
  }
}

async function drain(
  source: AsyncIterable<Uint8Array>,
  sink: Writable,
  options: { end: boolean; signal: AbortSignal | undefined },
  what: string,
): Promise<void> {
  try {
    await pipeline(source, sink, { end: options.end, ...(options.signal && { signal: options.signal }) });
  } catch (error) {
    throw fileFailure(error, what);
  }
}

/** Waits until what was written has gone out, so that a reader who left is noticed. */
async function flush(sink: Writable): Promise<void> {
  await new Promise<void>((done, failed) => {
    sink.write('', (error) => {
      if (error) failed(fileFailure(error, 'write to standard output'));
      else done();
    });
  });
}

/** Gives the finished file its name. Without `force` in a way that fails where the name is taken, however late. */
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
    await checkOutput(path, false);
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
