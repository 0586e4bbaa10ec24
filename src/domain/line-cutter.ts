/**
 * Lines of bounded length, cut from files and answers as the bytes arrive. Invariant: at most one incomplete line is
 * held.
 */
import { GatheredBytes } from './gathered-bytes.ts';

const LINE_FEED = 0x0a;

/** Cuts bytes into lines, each with its line feed. */
export class LineCutter {
  readonly #bytesMax: number;
  readonly #tooLong: (line: number) => Error;
  readonly #begun = new GatheredBytes();
  #lines = 0;

  /** @param tooLong the failure that names the line, counted from 1. */
  constructor(bytesMax: number, tooLong: (line: number) => Error) {
    this.#bytesMax = bytesMax;
    this.#tooLong = tooLong;
  }

  /** The lines that these bytes complete. Throws what `tooLong` makes. */
  *push(bytes: Uint8Array): Generator<Buffer, void, undefined> {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    for (let feed = chunk.indexOf(LINE_FEED); feed >= 0; feed = chunk.indexOf(LINE_FEED, at)) {
      yield this.#line(chunk.subarray(at, feed + 1));
      at = feed + 1;
    }
    if (at < chunk.length) this.#hold(chunk.subarray(at));
  }

  /** The bytes after the last line feed. */
  rest(): Buffer | undefined {
    return this.#begun.length === 0 ? undefined : this.#line(Buffer.alloc(0));
  }

  #hold(piece: Buffer): void {
    this.#requireRoom(piece);
    this.#begun.push(piece);
  }

  /** @param end of the line, which is not copied where nothing was held. */
  #line(end: Buffer): Buffer {
    this.#requireRoom(end);
    this.#lines += 1;
    if (this.#begun.length === 0) return end;
    this.#begun.push(end);
    return this.#begun.take();
  }

  #requireRoom(piece: Buffer): void {
    if (this.#begun.length + piece.length > this.#bytesMax) throw this.#tooLong(this.#lines + 1);
  }
}
