/**
 * A transmission: one bounded batch of keys as JSON lines. First the position it continues from, then one key a line,
 * last the position it reaches. Reading it is a pure fold over bytes, however they are cut.
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
import { LineCutter } from './line-cutter.ts';

/** Splits bytes into lines, within the limits of a batch. */
export class BatchLines {
  /** Its lines end with their line feed. */
  readonly #cutter = new LineCutter(TRANSMISSION_LINE_BYTES_MAX + 1, () =>
    tooLarge(`a line of more than ${TRANSMISSION_LINE_BYTES_MAX} bytes`),
  );
  #bytes = 0;
  #lines = 0;

  /** The lines that this piece completes. Throws `request-too-large`. */
  push(piece: Uint8Array): string[] {
    this.#bytes += piece.length;
    if (this.#bytes > TRANSMISSION_BYTES_MAX) throw tooLarge(`more than ${TRANSMISSION_BYTES_MAX} bytes`);
    const lines = Array.from(this.#cutter.push(piece), (line) => line.toString('utf8', 0, line.length - 1));
    this.#lines += lines.length;
    // The first and the last line are not keys.
    if (this.#lines > TRANSMISSION_KEYS_MAX + 2) throw tooLarge(`more than ${TRANSMISSION_KEYS_MAX} keys`);
    return lines;
  }

  /** Throws `batch-incomplete` where the body ended in the middle of a line. */
  end(): void {
    if (this.#cutter.rest() !== undefined) throw batchIncomplete('it ends in the middle of a line');
  }
}

function tooLarge(what: string): KeystairError {
  return new KeystairError('request-too-large', `a transmission has ${what}`, {
    nextStep: 'send smaller batches; compare the versions of both servers',
  });
}

export function batchIncomplete(how: string): KeystairError {
  return new KeystairError('batch-incomplete', `the transmission is incomplete: ${how}`, {
    nextStep: 'nothing was stored; the sender sends it again',
  });
}

/** How long a deferred transmission waits, whatever the other end said. @param waitMs undefined: it did not say. */
export function boundPutOff(waitMs: number | undefined): number {
  return Math.min(PUT_OFF_MS_MAX, Math.max(PUT_OFF_MS_MIN, waitMs ?? PUT_OFF_MS_DEFAULT));
}
