/**
 * Delays that grow with each wrong guess.
 *
 * How it works: failures are counted per name and place. A place is a known device, or a stranger's block of addresses.
 * After some failures, the next attempt from that place for that name must wait, longer each time. If many strangers
 * guess at one name, each of them has fewer free attempts.
 *
 * Invariant: nobody locks out somebody else. Failures from one place delay that place alone, and a device that the
 * person has used before is a place of its own. There are few possible codes, so wrong codes of all strangers are
 * counted together for a name: they come from people who know the password, and the owner can still use a known device,
 * a recovery code or a passkey.
 * An attempt counts before it is checked, so many at once get no more tries than one after another.
 *
 * Counts are in memory and bounded: if each failure of a stranger were written, strangers could fill the disk. A
 * restart forgets them, which gives a few more attempts to a guesser who would need millions.
 */
import { KeystairError } from '#domain/errors.ts';
import type { Clock } from '../environment/environment.ts';

/** Enough for typing errors. */
const FREE_FAILURES = 4;
/** For a name that many strangers guess at. */
const FREE_FAILURES_UNDER_ATTACK = 1;
/** Strangers' failures for one name within an hour: more than its owner would make. */
const ATTACK_FAILURES = 20;
const FIRST_DELAY_MS = 1000;
/** So one place gets 96 attempts a day. */
const DELAY_MS_MAX = 15 * 60 * 1000;
/** A count is forgotten if no failure was added for this long. */
const REMEMBERED_MS = 60 * 60 * 1000;
/**
 * Wrong codes for one name within an hour, by all strangers together: chance finds a code in one of 33,000 such hours.
 */
const STRANGERS_CODES_MAX = 10;
/** A new place replaces the oldest; together some 10 MB. */
const PLACES_MAX = 50_000;

interface Failures {
  readonly count: number;
  /** When the last one was. */
  readonly at: number;
}

/** An attempt: the name it is for, and the place it comes from. */
export interface Attempt {
  /** Failures are counted under it, even if nobody has this name. */
  readonly name: string;
  readonly addressBlock: string;
  /** The known device of the name's owner, if the attempt comes from one. */
  readonly device: string | undefined;
}

export class SignInDelays {
  readonly #clock: Clock;
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called before a password is checked. It counts as a failure until it is returned. Throws `later`. */
  takePasswordTurn(attempt: Attempt): void {
    const attacked = this.#count(nameKey(attempt)) >= ATTACK_FAILURES && attempt.device === undefined;
    this.#requireTurn(placeKey(attempt), attacked ? FREE_FAILURES_UNDER_ATTACK : FREE_FAILURES);
    this.#add(placeKey(attempt));
    if (attempt.device === undefined) this.#add(nameKey(attempt));
  }

  /** The password was right, or was not checked. */
  returnPasswordTurn(attempt: Attempt): void {
    this.#takeBack(placeKey(attempt));
    if (attempt.device === undefined) this.#takeBack(nameKey(attempt));
  }

  /** To be called before a one-time code is checked. It counts as a failure until `succeeded`. Throws `later`. */
  takeCodeTurn(attempt: Attempt): void {
    this.#requireTurn(codeKey(attempt), FREE_FAILURES);
    if (attempt.device === undefined && this.#count(codesKey(attempt)) >= STRANGERS_CODES_MAX) {
      const leftMs = this.#leftMs(codesKey(attempt), REMEMBERED_MS);
      throw tooMany('too many wrong codes came for this name', leftMs);
    }
    this.#add(codeKey(attempt));
    if (attempt.device === undefined) this.#add(codesKey(attempt));
  }

  /** @param by `code` if a turn was taken for one. */
  succeeded(attempt: Attempt, by: 'code' | 'recovery-code'): void {
    if (by === 'code' && attempt.device === undefined) this.#takeBack(codesKey(attempt));
    for (const key of [placeKey(attempt), codeKey(attempt)]) this.#failures.delete(key);
  }

  #requireTurn(key: string, free: number): void {
    const excess = this.#count(key) - free;
    if (excess < 0) return;
    const delayMs = Math.min(DELAY_MS_MAX, FIRST_DELAY_MS * 2 ** Math.min(excess, 20));
    const leftMs = this.#leftMs(key, delayMs);
    if (leftMs > 0) throw tooMany('too many attempts failed', leftMs);
  }

  #count(key: string): number {
    return this.#remembered(key)?.count ?? 0;
  }

  #remembered(key: string): Failures | undefined {
    const found = this.#failures.get(key);
    return found !== undefined && Math.abs(this.#clock() - found.at) < REMEMBERED_MS ? found : undefined;
  }

  /** A clock that was set back never makes a delay longer than it was. */
  #leftMs(key: string, ms: number): number {
    const found = this.#remembered(key);
    return found === undefined ? 0 : Math.min(ms, found.at + ms - this.#clock());
  }

  #takeBack(key: string): void {
    const found = this.#remembered(key);
    if (found === undefined) return;
    if (found.count === 1) this.#failures.delete(key);
    else this.#failures.set(key, { ...found, count: found.count - 1 });
  }

  #add(key: string): void {
    const count = this.#count(key) + 1;
    // Deleted and set again, so that the map stays in the order of the last failure.
    this.#failures.delete(key);
    if (this.#failures.size >= PLACES_MAX) this.#failures.delete(this.#failures.keys().next().value!);
    this.#failures.set(key, { count, at: this.#clock() });
  }
}

function placeOf({ device, addressBlock }: Attempt): string {
  return device === undefined ? `at ${addressBlock}` : `on ${device}`;
}

function placeKey(attempt: Attempt): string {
  return `password ${placeOf(attempt)} ${attempt.name}`;
}

function codeKey(attempt: Attempt): string {
  return `code ${placeOf(attempt)} ${attempt.name}`;
}

function nameKey({ name }: Attempt): string {
  return `passwords ${name}`;
}

function codesKey({ name }: Attempt): string {
  return `codes ${name}`;
}

function tooMany(sentence: string, leftMs: number): KeystairError {
  const seconds = Math.ceil(leftMs / 1000);
  return new KeystairError('later', sentence, {
    nextStep: `try again in ${seconds} s`,
    details: { afterSeconds: seconds },
  });
}
