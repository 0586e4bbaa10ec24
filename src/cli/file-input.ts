/**
 * The file that an import or a restore reads, as it comes: at a path, through a pipe, or on standard input (`-`).
 * Invariant: it is read forward only, never back, so that a pipe is as good as a file.
 */
import { createHash } from 'node:crypto';
import { fstatSync } from 'node:fs';
import { Readable } from 'node:stream';
import { openInputFile } from '#disk/open-input.ts';
import { KeystairError } from '#domain/errors.ts';
import { withoutArmor } from '#crypto/age/age-armor.ts';
import { AGE_ARMOR_WHITESPACE_MAX } from '#domain/limits.ts';
import { STANDARD_STREAM } from './standard-streams.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** The beginning of every age v1 file with a passphrase. */
const ASKS_FOR_PASSWORD = Buffer.from('age-encryption.org/v1\n-> scrypt ');
/** In armor it is on the second line; this leaves room for both. */
const ARMORED_FRONT_BYTES = AGE_ARMOR_WHITESPACE_MAX + 128;

export interface FileInput {
  /** Undefined where only its end tells the size, as for a pipe. */
  readonly size: number | undefined;
  /** Its SHA-256 in hexadecimal, by a read of its own; undefined for what can be read only once. */
  readonly digest: () => Promise<string | undefined>;
  /** Call it once. Waits for the first bytes. */
  readonly read: () => Promise<{
    readonly asksForPassword: boolean;
    readonly bytes: AsyncGenerator<Uint8Array, void, undefined>;
  }>;
  /** Call it however far the file was read. */
  readonly close: () => Promise<void>;
}

export async function openFileInput(
  path: string,
  terminal: Pick<Terminal, 'input' | 'inputIsPerson'>,
): Promise<FileInput> {
  if (path === STANDARD_STREAM) return standardInput(terminal);
  const { size, stream } = await openInputFile(path);
  return {
    size,
    digest: async () => (size === undefined ? undefined : digestOf((await openInputFile(path)).stream)),
    read: () => readFront(stream),
    close: async () => void stream.destroy(),
  };
}

function standardInput({ input, inputIsPerson }: Pick<Terminal, 'input' | 'inputIsPerson'>): FileInput {
  if (inputIsPerson) {
    throw new UsageError('the file is read from standard input, and that is a terminal', {
      nextStep: 'name the file, or pass it: - < FILE',
    });
  }
  const stat = fstatSync(0);
  return {
    size: stat.isFile() ? stat.size : undefined,
    digest: async () => undefined,
    read: () => readFront(input),
    // The writer of the pipe must not wait for a command that is over.
    close: async () => void input.destroy?.(),
  };
}

async function digestOf(file: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const block of file) hash.update(block);
  return hash.digest('hex');
}

async function readFront(source: AsyncIterable<Uint8Array | string>): ReturnType<FileInput['read']> {
  const blocks = source[Symbol.asyncIterator]();
  const next = async (): Promise<Buffer | undefined> => {
    const { done, value } = await blocks.next();
    return done === true ? undefined : typeof value === 'string' ? Buffer.from(value) : asBuffer(value);
  };
  let front = Buffer.alloc(0);
  while (
    front.length < (front[0] === ASKS_FOR_PASSWORD[0] ? ASKS_FOR_PASSWORD.length : ARMORED_FRONT_BYTES)
  ) {
    const block = await next();
    if (block === undefined) break;
    front = Buffer.concat([front, block]);
  }
  async function* bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    yield front;
    for (let block = await next(); block !== undefined; block = await next()) yield block;
  }
  return { asksForPassword: await beginsAsWithPassword(front), bytes: bytes() };
}

/** The server judges a file that is damaged, or no age file. */
async function beginsAsWithPassword(front: Buffer): Promise<boolean> {
  let start = Buffer.alloc(0);
  try {
    for await (const piece of withoutArmor(Readable.from([front]))) {
      start = Buffer.concat([start, piece]);
      if (start.length >= ASKS_FOR_PASSWORD.length) break;
    }
  } catch (error) {
    if (!(error instanceof KeystairError)) throw error;
  }
  return start.subarray(0, ASKS_FOR_PASSWORD.length).equals(ASKS_FOR_PASSWORD);
}

function asBuffer(block: Uint8Array): Buffer {
  return Buffer.from(block.buffer, block.byteOffset, block.length);
}
