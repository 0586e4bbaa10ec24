/**
 * Stretches people's passwords with argon2id: each takes 64 MiB and a third of a second.
 *
 * Invariant: at most two passwords are stretched at once, and a few wait; everybody else is refused before anything is
 * computed. One address gets only some of the places, so that one machine cannot take them all.
 */
import { newPassword } from '#crypto/password/password-text.ts';
import {
  makePassphraseParameters,
  type PassphraseParameters,
  stretchPassphrase,
} from '#crypto/seal/passphrase.ts';
import { KeystairError } from '#domain/errors.ts';
import type { Random } from '../environment/environment.ts';

/** The thread pool has four threads, and flushing the store needs one. */
const AT_ONCE_MAX = 2;
/** The last in line waits three seconds, which a person accepts. */
const WAITING_MAX = 16;
/** Running and waiting together: an office behind one address is served in turn. */
const OF_ADDRESS_MAX = 4;

export type MakeParameters = (random: Random) => PassphraseParameters;

export interface StretchedPassword {
  readonly parameters: PassphraseParameters;
  readonly bytes: Uint8Array;
}

export class Stretcher {
  readonly #random: Random;
  readonly #makeParameters: MakeParameters;
  /** Parameters for unknown names, so that they take as long as known ones. */
  readonly #nobody: PassphraseParameters;
  readonly #byAddress = new Map<string, number>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(random: Random, makeParameters: MakeParameters = makePassphraseParameters) {
    this.#random = random;
    this.#makeParameters = makeParameters;
    this.#nobody = makeParameters(random);
  }

  /** A new password. Throws `later`. */
  async stretchNew(password: string, address: string): Promise<StretchedPassword> {
    const parameters = this.#makeParameters(this.#random);
    return { parameters, bytes: await this.#inTurn(password, parameters, address) };
  }

  /** @param parameters undefined if there is no password. Throws `later`. */
  stretch(
    password: string,
    parameters: PassphraseParameters | undefined,
    address: string,
  ): Promise<Uint8Array> {
    return this.#inTurn(password, parameters ?? this.#nobody, address);
  }

  async #inTurn(password: string, parameters: PassphraseParameters, address: string): Promise<Uint8Array> {
    const of = this.#byAddress.get(address) ?? 0;
    if (of >= OF_ADDRESS_MAX || this.#waiting.length >= WAITING_MAX) throw busy();
    this.#byAddress.set(address, of + 1);
    try {
      if (this.#running >= AT_ONCE_MAX) await new Promise<void>((go) => this.#waiting.push(go));
      else this.#running += 1;
      try {
        return await stretchPassphrase(newPassword(password), parameters);
      } finally {
        // Handing the place over directly lets nobody slip in between.
        const next = this.#waiting.shift();
        if (next === undefined) this.#running -= 1;
        else next();
      }
    } finally {
      const left = this.#byAddress.get(address)! - 1;
      if (left === 0) this.#byAddress.delete(address);
      else this.#byAddress.set(address, left);
    }
  }
}

function busy(): KeystairError {
  return new KeystairError('later', 'too many people are signing in at this moment', {
    nextStep: 'try again in a few seconds',
  });
}
