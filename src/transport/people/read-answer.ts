/**
 * Reads answers for clients of the people's API. Invariant: an answer is held only up to its bound, whatever serves the
 * socket; the rest is not read.
 */
import { JsonOutOfBounds, parseJson } from '#domain/bounded-json.ts';
import { KeystairError } from '#domain/errors.ts';
import { GatheredBytes } from '#domain/gathered-bytes.ts';
import { PEOPLE_ANSWER_JSON } from '#domain/json-bounds.ts';
import { LineCutter } from '#domain/line-cutter.ts';

/** The document in an answer; undefined if it is not one. Throws `request-too-large`. */
export async function documentOf(answer: AsyncIterable<Uint8Array>): Promise<unknown> {
  const gathered = new GatheredBytes();
  for await (const piece of answer) {
    if (gathered.length + piece.length > PEOPLE_ANSWER_JSON.length) throw answerTooLarge(MORE_BYTES);
    gathered.push(piece);
  }
  return parsed(gathered.take().toString('utf8'));
}

/** The documents of an answer in lines, as they arrive. */
export async function* documentsOf(answer: AsyncIterable<Uint8Array>): AsyncGenerator<unknown, void> {
  const cutter = new LineCutter(PEOPLE_ANSWER_JSON.length, () => answerTooLarge(MORE_BYTES));
  for await (const piece of answer) {
    for (const line of cutter.push(piece)) yield parsed(line.toString('utf8'));
  }
}

function parsed(text: string): unknown {
  try {
    return parseJson(text, PEOPLE_ANSWER_JSON);
  } catch (error) {
    if (error instanceof JsonOutOfBounds) throw answerTooLarge(error.message);
    return undefined;
  }
}

const MORE_BYTES = `more than ${PEOPLE_ANSWER_JSON.length} bytes`;

function answerTooLarge(what: string): KeystairError {
  return new KeystairError('request-too-large', `the server's answer has ${what}`, {
    nextStep: 'make sure that it is a Keystair server of the same release',
  });
}
