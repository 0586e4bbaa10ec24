/**
 * A transmission: one bounded batch of keys as JSON lines. First the position it continues from, then a key a line,
 * last the position it comes to. Reading it is a pure fold over bytes, whatever the pieces they arrive in.
 */
import { KeystairError } from './errors.ts';
import {
  PUT_OFF_MS_DEFAULT,
  PUT_OFF_MS_MAX,
  PUT_OFF_MS_MIN,
  TRANSMISSION_BYTES_MAX,
  TRANSMISSION_KEYS_MAX,
  TRANSMISSION_LINE_BYTES_MAX,
} from './limits.ts';

/** Splits bytes into lines, within the limits of a batch. */
export class BatchLines {
  /** Of the line that has not ended. Joined only at its end: a body of tiny pieces must not be copied once for each. */
  #begun: Buffer[] = [];
  #begunBytes = 0;
  #bytes = 0;
  #lines = 0;

  /** The lines that end in this piece. Throws `request-too-large`. */
  push(piece: Uint8Array): string[] {
    this.#bytes += piece.length;
    if (this.#bytes > TRANSMISSION_BYTES_MAX) throw tooLarge(`more than ${TRANSMISSION_BYTES_MAX} bytes`);
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    const lines: string[] = [];
    let start = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      this.#hold(bytes.subarray(start, end));
      lines.push(this.#line());
      start = end + 1;
    }
    if (start < bytes.length) this.#hold(bytes.subarray(start));
    this.#lines += lines.length;
    // The first and the last line are not keys.
    if (this.#lines > TRANSMISSION_KEYS_MAX + 2) throw tooLarge(`more than ${TRANSMISSION_KEYS_MAX} keys`);
    return lines;
  }

  #hold(piece: Buffer): void {
    this.#begun.push(piece);
    this.#begunBytes += piece.length;
    if (this.#begunBytes > TRANSMISSION_LINE_BYTES_MAX)
      throw tooLarge(`a line over ${TRANSMISSION_LINE_BYTES_MAX} bytes`);
  }

  #line(): string {
    const line = this.#begun.length === 1 ? this.#begun[0]! : Buffer.concat(this.#begun);
    this.#begun = [];
    this.#begunBytes = 0;
    return line.toString('utf8');
  }

  /** Throws `batch-incomplete` where the body ended in the middle of a line. */
  end(): void {
    if (this.#begunBytes > 0) throw batchIncomplete('it ends in the middle of a line');
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

/** How long a transmission that is put off waits, whatever the other end said. @param waitMs undefined: it did not say. */
export function boundPutOff(waitMs: number | undefined): number {
  return Math.min(PUT_OFF_MS_MAX, Math.max(PUT_OFF_MS_MIN, waitMs ?? PUT_OFF_MS_DEFAULT));
}
