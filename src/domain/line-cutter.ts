/**
 * Lines of bounded length, cut from files and answers as the bytes arrive. Invariant: at most one incomplete line is
 * held.
 */
const LINE_FEED = 0x0a;

/** Cuts bytes into lines, each with its line feed. */
export class LineCutter {
  readonly #bytesMax: number;
  readonly #tooLong: (line: number) => Error;
  #begun: Buffer[] = [];
  #begunBytes = 0;
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
      this.#hold(chunk.subarray(at, feed + 1));
      yield this.#line();
      at = feed + 1;
    }
    if (at < chunk.length) this.#hold(chunk.subarray(at));
  }

  /** The bytes after the last line feed. */
  rest(): Buffer | undefined {
    return this.#begunBytes === 0 ? undefined : this.#line();
  }

  #hold(piece: Buffer): void {
    this.#begun.push(piece);
    this.#begunBytes += piece.length;
    if (this.#begunBytes > this.#bytesMax) throw this.#tooLong(this.#lines + 1);
  }

  #line(): Buffer {
    const line = this.#begun.length === 1 ? this.#begun[0]! : Buffer.concat(this.#begun);
    this.#begun = [];
    this.#begunBytes = 0;
    this.#lines += 1;
    return line;
  }
}
