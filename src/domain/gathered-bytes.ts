/**
 * Bytes that arrive in pieces, gathered in one block. Invariant: it takes at most twice their number, however small the
 * pieces: a list of pieces of one byte each would take a hundred times as much.
 */

/** What a block has when it is made: most messages fit. */
const BLOCK_BYTES_MIN = 4096;

export class GatheredBytes {
  #block = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#block.length) this.#grow(length);
    this.#block.set(piece, this.#length);
    this.#length = length;
  }

  /** All of them. What is pushed later begins anew. */
  take(): Buffer {
    const bytes = this.#block.subarray(0, this.#length);
    this.#block = Buffer.alloc(0);
    this.#length = 0;
    return bytes;
  }

  #grow(length: number): void {
    // Not from the pool of small buffers: a caller may keep it for long.
    const block = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES_MIN, length, 2 * this.#length));
    this.#block.copy(block, 0, 0, this.#length);
    this.#block = block;
  }
}
