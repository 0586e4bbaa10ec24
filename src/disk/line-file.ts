/**
 * A file of lines that others read and rotate while it grows. It is only ever added to.
 *
 * Invariants: it is made for its owner alone, never reached through a link, and never opened where another user may put
 * files. Whoever renames it away gets whole lines and then nothing more: the next lines go to a new file of that name. A
 * line that broke off, on a full disk or at a power failure, ends there, and what comes after begins on a line of its own.
 */
import { constants, fstatSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isWritableByOthers, requireOwnFile } from './closed-directory.ts';
import { fileFailure } from './file-failure.ts';
import { flush, flushFolder } from './flush.ts';

const MODE = 0o600;
const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
const LINE_FEED = 0x0a;

export class LineFile {
  readonly #path: string;
  #handle: FileHandle | undefined;
  /** The last line is not whole. */
  #torn = false;
  #isNew = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Resolves when the system took them. */
  async append(lines: readonly string[]): Promise<void> {
    try {
      const handle = await this.#current();
      const text = `${this.#torn ? '\n' : ''}${lines.join('\n')}\n`;
      // Until it is written whole nobody knows where it ends.
      this.#torn = true;
      await handle.writeFile(text);
      this.#torn = false;
    } catch (error) {
      throw fileFailure(error, `write ${this.#path}`);
    }
  }

  /** Resolves when what was appended is durable. */
  async flush(): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) return;
    try {
      await flush(handle);
      if (this.#isNew) await flushFolder(dirname(this.#path));
      this.#isNew = false;
    } catch (error) {
      throw fileFailure(error, `flush ${this.#path}`);
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }

  /** The open file, if it still has its name; else what was written to it is flushed, and another is opened. */
  async #current(): Promise<FileHandle> {
    if (this.#handle !== undefined) {
      if (await this.#hasItsName(this.#handle)) return this.#handle;
      await this.flush();
      await this.close();
    }
    const folder = dirname(this.#path);
    if (isWritableByOthers((await stat(folder)).mode))
      throw new Error(`other users may write to the directory ${folder}`);
    this.#isNew = !requireOwnFile(this.#path);
    const flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
    const handle = await open(this.#path, flags, MODE);
    try {
      const { size, mode } = fstatSync(handle.fd);
      if (isWritableByOthers(mode)) throw new Error(`other users may write to ${this.#path}`);
      this.#torn = size > 0 && (await lastByte(handle, size)) !== LINE_FEED;
    } catch (error) {
      await handle.close();
      throw error;
    }
    this.#handle = handle;
    return handle;
  }

  async #hasItsName(handle: FileHandle): Promise<boolean> {
    const named = await stat(this.#path).catch(() => undefined);
    const { dev, ino } = fstatSync(handle.fd);
    return named?.dev === dev && named.ino === ino;
  }
}

async function lastByte(handle: FileHandle, size: number): Promise<number | undefined> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 1 ? buffer[0] : undefined;
}
