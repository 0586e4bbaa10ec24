/**
 * Requests that a client may repeat without doing them twice: it sends the same `Idempotency-Key` and gets the first
 * answer again.
 *
 * Invariants: a key belongs to one request of one person, equal in every field. Only a MAC of the request is kept. An
 * answer that contains a secret is not kept, and its repetition is refused. What a request made durably has a row
 * (`repetition-rows.ts`), for every process and after a restart. In memory are the requests under way, and those that
 * start a transfer, which is in memory itself.
 */
import { KeystairError } from '#domain/errors.ts';
import type { Caller } from '#domain/right.ts';
import type { PeopleRoute } from '#protocol/people/people-route.ts';
import type { CallLife } from '../../environment/call-life.ts';
import { isoTime } from '../../environment/environment.ts';
import {
  findMade,
  KEPT_MS,
  type MadeRow,
  putMade,
  type RepetitionPorts,
  requestMac,
} from './repetition-rows.ts';

/**
 * Each takes some hundred bytes. Beyond this the oldest are forgotten, first those of a caller with more than their
 * share.
 */
const KEPT_MAX = 10_000;
const KEPT_OF_ONE_MAX = 1000;
/** Visible characters; for comparison, a UUID has 36. */
const KEY = /^[\x21-\x7e]{1,128}$/;

interface Request {
  readonly name: string;
  readonly asked: object;
  /** Whether the answer is kept. */
  readonly kept: NonNullable<PeopleRoute['repeated']>;
}

interface First {
  readonly owner: Caller['id'];
  readonly request: string;
  readonly at: number;
  /** Undefined if it was given and contained a secret. */
  answer: Promise<unknown> | undefined;
}

export class Repetitions {
  readonly #ports: RepetitionPorts;
  readonly #first = new Map<string, First>();

  constructor(ports: RepetitionPorts) {
    this.#ports = ports;
  }

  /**
   * Does the work, or returns the first answer again. Throws `invalid-argument`, `already-exists`, and what the work
   * throws.
   */
  async once(
    caller: Caller,
    key: string | string[],
    { name, asked, kept }: Request,
    work: (made: CallLife['made']) => Promise<unknown>,
  ): Promise<unknown> {
    if (typeof key !== 'string' || !KEY.test(key))
      throw new KeystairError('invalid-argument', 'the Idempotency-Key is not 1 to 128 visible characters');
    const owner = caller.id;
    const place = JSON.stringify([owner, key]);
    const request = requestMac(this.#ports, name, asked);
    this.#forgetOld(owner);
    const first = this.#first.get(place);
    if (first !== undefined) return answerAgain(first, request);
    const answer = this.#orMadeBefore(caller, key, request, work);
    const made: First = { owner, request, at: this.#ports.clock(), answer };
    this.#first.set(place, made);
    try {
      return await answer;
    } catch (error) {
      // Nothing was done, so a repetition may try again.
      this.#first.delete(place);
      throw error;
    } finally {
      if (kept === 'secret') made.answer = undefined;
    }
  }

  async #orMadeBefore(
    caller: Caller,
    key: string,
    request: string,
    work: (made: CallLife['made']) => Promise<unknown>,
  ): Promise<unknown> {
    const { reader } = this.#ports.store;
    const before = await findMade(this.#ports, reader, caller, key);
    if (before !== undefined) return answerAgain(before, request);
    return work(async (transaction, answer) => {
      const meanwhile = await findMade(this.#ports, transaction, caller, key);
      if (meanwhile !== undefined) throw madeMeanwhile();
      await putMade(this.#ports, transaction, caller, key, { request, answer });
    });
  }

  /** The oldest come first. */
  #forgetOld(owner: Caller['id']): void {
    const now = this.#ports.clock();
    const own = [...this.#first].filter(([, first]) => first.owner === owner);
    if (own.length >= KEPT_OF_ONE_MAX) this.#first.delete(own[0]![0]);
    for (const [place, { at }] of this.#first) {
      if (this.#first.size < KEPT_MAX && now - at <= KEPT_MS) break;
      this.#first.delete(place);
    }
  }
}

/** The transaction is undone, so that nothing is made twice. */
function madeMeanwhile(): KeystairError {
  return new KeystairError('later', 'another process of this server carries this request out', {
    nextStep: 'repeat it with the same Idempotency-Key',
  });
}

async function answerAgain({ request, at, answer }: First | MadeRow, again: string): Promise<unknown> {
  if (request !== again)
    throw new KeystairError('already-exists', 'this Idempotency-Key was used for another request', {
      nextStep: 'make a new key for each request',
    });
  if (answer !== undefined) return answer;
  throw new KeystairError(
    'already-exists',
    `this request was carried out at ${isoTime(at)}, and its answer contained a secret that is not kept`,
    { nextStep: 'if the answer was lost, remove what the request made, and repeat it with a new key' },
  );
}
