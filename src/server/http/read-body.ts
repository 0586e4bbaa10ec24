/**
 * Reads the JSON body of a call, within the bounds of the call.
 *
 * Invariant: bytes, depth, values and pieces are counted as they arrive. The first piece that exceeds a bound ends the
 * reading.
 */
import type { Readable } from 'node:stream';
import { type JsonBounds, JsonCount } from '#domain/bounded-json.ts';
import { KeystairError } from '#domain/errors.ts';
import { GatheredBytes } from '#domain/gathered-bytes.ts';
import { BODY_PIECES_MAX } from '#domain/listener-limits.ts';
import type { HoldBody } from './body-room.ts';
import { type Audience, tooLarge, withinBounds } from './replies.ts';

interface BodyRules {
  readonly audience: Audience;
  /** Its length is in bytes here. */
  readonly bounds: JsonBounds;
  readonly hold: HoldBody;
}

/**
 * The text, not parsed yet. Throws `request-too-large` or `later`, or what broke the connection.
 *
 * @param announced how many bytes it is said to have; 0 if nothing is said.
 */
export function readBody(body: Readable, announced: number, rules: BodyRules): Promise<string> {
  const { bounds } = rules;
  if (announced > bounds.length) throw moreBytes();
  return new Promise((resolve, reject) => {
    const reading = new Reading(rules);
    const over = (): void => {
      body.off('data', take).off('end', end).off('error', fail).off('close', broke);
    };
    const take = (piece: Buffer): void => {
      try {
        reading.take(piece);
      } catch (error) {
        fail(error);
        // Paused, it would keep each further piece until the connection ends.
        body.resume();
      }
    };
    const end = (): void => {
      over();
      resolve(reading.text());
    };
    const fail = (error: unknown): void => {
      over();
      // A failure that comes later has nobody to hear of it.
      body.on('error', () => undefined);
      reject(error);
    };
    const broke = (): void =>
      fail(Object.assign(new Error('closed'), { code: 'ERR_STREAM_PREMATURE_CLOSE' }));
    body.on('data', take).on('end', end).on('error', fail).on('close', broke);
  });
}

class Reading {
  readonly #rules: BodyRules;
  readonly #count: JsonCount;
  readonly #gathered = new GatheredBytes();
  #pieces = 0;

  constructor(rules: BodyRules) {
    this.#rules = rules;
    this.#count = new JsonCount(rules.bounds);
  }

  take(piece: Buffer): void {
    const { audience, bounds, hold } = this.#rules;
    const bytes = this.#gathered.length + piece.length;
    if (bytes > bounds.length) throw moreBytes();
    this.#pieces += 1;
    if (this.#pieces > BODY_PIECES_MAX)
      throw tooLarge(`the request comes in more than ${BODY_PIECES_MAX} pieces`);
    if (!hold(bytes))
      throw new KeystairError(
        'later',
        'the server has no room for this request beside those that it is reading',
        {
          nextStep: 'try again in a minute',
        },
      );
    withinBounds(audience, () => this.#count.take(piece.toString('latin1')));
    this.#gathered.push(piece);
  }

  text(): string {
    return this.#gathered.take().toString('utf8');
  }
}

function moreBytes(): KeystairError {
  return tooLarge('the request has more bytes than this call accepts');
}
