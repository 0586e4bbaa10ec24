/** Where a file comes from and where it goes: a path, or `-` for the standard streams. */
import { addAbortSignal, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileFailure, interrupted } from '#disk/file-failure.ts';
import { openInputFile } from '#disk/open-input.ts';
import { checkNewFile, type WholeFile, writeWholeFile } from '#disk/whole-file.ts';

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
  const { stream } = await openInputFile(path);
  if (signal !== undefined) addAbortSignal(signal, stream);
  return {
    bytes: namingFailures(stream, `read ${path}`),
    close: async () => void stream.destroy(),
  };
}

async function* namingFailures(source: Readable, what: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const block of source) yield block as Uint8Array;
  } catch (error) {
    throw fileFailure(error, what);
  }
}

/** Refuses early what would be refused at the end. */
export async function checkOutput(path: string, force: boolean): Promise<void> {
  if (path !== STANDARD_STREAM) await checkNewFile(path, force);
}

export interface FileOutput extends WholeFile {
  readonly streams: StandardStreams;
}

/** Writes all of `source` at the pace of the destination; at a path the file appears whole or not at all. */
export async function writeOutput(output: FileOutput, source: AsyncIterable<Uint8Array>): Promise<void> {
  if (output.path === STANDARD_STREAM) await writeStandard(output, source);
  else await writeWholeFile(output, source);
}

async function writeStandard(
  { streams, signal }: FileOutput,
  source: AsyncIterable<Uint8Array>,
): Promise<void> {
  try {
    // Standard output is not ours to end, and what has left cannot be taken back.
    await pipeline(source, streams.stdout, { end: false, ...(signal && { signal }) });
    // Waits until the output has left: a reader who closed early is noticed.
    await new Promise<void>((done, failed) => {
      streams.stdout.write('', (error) => {
        if (error) failed(error);
        else done();
      });
    });
  } catch (error) {
    throw fileFailure(error, 'write to standard output');
  }
}
