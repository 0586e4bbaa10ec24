/**
 * A transmission: one bounded batch of keys as JSON lines. First the position it continues from, then a key a line,
 * last the position it comes to. Reading it is a pure fold over bytes, whatever the pieces they arrive in.
 */
import { KeystairError } from './errors.ts';
import { TRANSMISSION_BYTES_MAX, TRANSMISSION_KEYS_MAX, TRANSMISSION_LINE_BYTES_MAX } from './limits.ts';

/** Splits bytes into lines, within the limits of a batch. */
export class BatchLines {
  #rest: Buffer = Buffer.alloc(0);
  #bytes = 0;
  #lines = 0;

  /** The lines that end in this piece. Throws `request-too-large`. */
  push(piece: Uint8Array): string[] {
    this.#bytes += piece.length;
    if (this.#bytes > TRANSMISSION_BYTES_MAX) throw tooLarge(`more than ${TRANSMISSION_BYTES_MAX} bytes`);
    const view = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    const bytes = this.#rest.length === 0 ? view : Buffer.concat([this.#rest, view]);
    const lines: string[] = [];
    let start = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      if (end - start > TRANSMISSION_LINE_BYTES_MAX)
        throw tooLarge(`a line over ${TRANSMISSION_LINE_BYTES_MAX} bytes`);
      lines.push(bytes.toString('utf8', start, end));
      start = end + 1;
    }
    this.#rest = bytes.subarray(start);
    if (this.#rest.length > TRANSMISSION_LINE_BYTES_MAX)
      throw tooLarge(`a line over ${TRANSMISSION_LINE_BYTES_MAX} bytes`);
    this.#lines += lines.length;
    // The first and the last line are not keys.
    if (this.#lines > TRANSMISSION_KEYS_MAX + 2) throw tooLarge(`more than ${TRANSMISSION_KEYS_MAX} keys`);
    return lines;
  }

  /** Throws `batch-incomplete` where the body ended in the middle of a line. */
  end(): void {
    if (this.#rest.length > 0) throw batchIncomplete('it ends in the middle of a line');
  }
}

function tooLarge(what: string): KeystairError {
  return new KeystairError('request-too-large', `a transmission has ${what}`, {
    nextStep: 'send smaller batches; compare the versions of both servers',
  });
}

export function batchIncomplete(how: string): KeystairError {
  return new KeystairError('batch-incomplete', `the transmission is not whole: ${how}`, {
    nextStep: 'nothing of it was stored; the sender sends it again',
  });
}
