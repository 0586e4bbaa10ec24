/**
 * A file to read from front to end: at a path, or through a pipe at a path. Invariant: waiting can be given up. A pipe
 * that nobody writes to does not count as ended, and does not block, as a plain open or read would.
 */
import { constants, createReadStream, fstatSync, open as openFile } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { isatty, ReadStream as TerminalInput } from 'node:tty';
import { promisify } from 'node:util';
import { FILE_BLOCK_BYTES } from '#domain/limits.ts';
import { KeystairError } from '#domain/errors.ts';
import { fileFailure } from './file-failure.ts';

const open = promisify(openFile);

export interface OpenedInput {
  /** Undefined where only its end tells the size, as for a pipe. */
  readonly size: number | undefined;
  /** Destroy it, however far it was read: that closes it. */
  readonly stream: Readable;
}

export async function openInputFile(path: string): Promise<OpenedInput> {
  let descriptor: number;
  try {
    // For a pipe it returns at once; the socket then waits for a writer.
    descriptor = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw fileFailure(error, `open ${path}`);
  }
  const found = fstatSync(descriptor);
  const size = found.isFile() ? found.size : undefined;
  if (found.isFIFO()) {
    return { size, stream: new Socket({ fd: descriptor, readable: true, writable: false }) };
  }
  if (isatty(descriptor)) return { size, stream: new TerminalInput(descriptor) };
  const stream = createReadStream('', { fd: descriptor, highWaterMark: FILE_BLOCK_BYTES });
  if (!found.isDirectory()) return { size, stream };
  stream.destroy();
  throw new KeystairError('invalid-argument', `${path} is a directory`, { nextStep: 'name a file' });
}
