/**
 * Opens a sealed server with what a person brings: a passphrase, a token's PIN, or recovery shares.
 *
 * Invariants: one attempt runs at a time, and after a few wrong ones the next must wait, so nobody guesses quickly and
 * 64 MiB are used only once; every wrong attempt is logged, and is counted for the audit log, which is sealed too.
 */
import { type DataKeyRow, openKeyring } from '#crypto/keyring.ts';
import { aboutSpaces } from '#crypto/password/password-text.ts';
import { passphraseForms, stretchPassphrase } from '#crypto/seal/passphrase.ts';
import { openUnderToken } from '#crypto/seal/pkcs11-token.ts';
import { combineRecoveryShares, parseRecoveryShare } from '#crypto/seal/recovery-shares.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { UNSEAL_FAILURES_MAX, UNSEAL_WINDOW_MS } from '#domain/limits.ts';
import { step } from '#domain/step.ts';
import type { Clock, Log } from '../environment/environment.ts';
import type { Opened, SealPlaces } from './auto-unseal.ts';
import type { Seal } from './seal-rows.ts';

/** What a person brings; exactly one of these. */
export type UnsealRequest =
  | { readonly passphrase: string }
  | { readonly pin: string }
  | { readonly shares: readonly string[] };

export interface UnsealingPorts {
  /** As they are now: while this process waits, another one of the server may change them. */
  readonly read: () => Promise<{ readonly seals: readonly Seal[]; readonly dataKeys: readonly DataKeyRow[] }>;
  readonly places: () => SealPlaces;
  readonly clock: Clock;
  readonly log: Log;
}

const KIND_OF = { passphrase: 'passphrase', pin: 'pkcs11', shares: 'recovery' } as const;
const NAME_OF = {
  passphrase: 'a passphrase',
  pkcs11: 'a PKCS#11 token',
  recovery: 'recovery shares',
} as const;

/** A typing error in a share or a missing token is not a guess. */
const GUESSES: ReadonlySet<string> = new Set(['root-key-wrong', 'pin-wrong']);

/** One attempt, in all forms that a person may mean. A PIN has one: tokens lock themselves. */
function formsOf(request: UnsealRequest): readonly UnsealRequest[] {
  if (!('passphrase' in request)) return [request];
  return passphraseForms(request.passphrase).map((passphrase) => ({ passphrase }));
}

function withSpaces(error: unknown, passphrase: string): unknown {
  const spaces = aboutSpaces(passphrase);
  if (!(error instanceof KeystairError) || spaces === '') return error;
  const { code, message, nextStep = '' } = error;
  return new KeystairError(code, message, { nextStep: spaces + nextStep, cause: error });
}

export class Unsealing {
  readonly #ports: UnsealingPorts;
  #trying = false;
  #refused = 0;
  #failures: { since: number; count: number } = { since: 0, count: 0 };

  constructor(ports: UnsealingPorts) {
    this.#ports = ports;
  }

  /** Attempts refused since the start. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Throws `root-key-wrong`, `pin-wrong`, `token-unavailable`, `share-invalid`, `shares-missing`, `later`, and
   * `not-found` if the server has no such seal.
   */
  async unseal(request: UnsealRequest): Promise<Opened> {
    this.#requireTurn();
    this.#trying = true;
    try {
      return await this.#open(request);
    } catch (error) {
      this.#refused += 1;
      if (GUESSES.has(codeOf(error))) this.#failures.count += 1;
      const { log } = this.#ports;
      log.warn(
        { event: 'unseal-refused', code: codeOf(error), refused: this.#refused },
        'an attempt to unseal the server was refused',
      );
      throw error;
    } finally {
      this.#trying = false;
    }
  }

  #requireTurn(): void {
    const now = this.#ports.clock();
    if (Math.abs(now - this.#failures.since) >= UNSEAL_WINDOW_MS) this.#failures = { since: now, count: 0 };
    const waitMs = this.#failures.since + UNSEAL_WINDOW_MS - now;
    if (this.#failures.count >= UNSEAL_FAILURES_MAX) {
      throw new KeystairError('later', `${this.#failures.count} attempts to unseal the server failed`, {
        nextStep: `try again in ${Math.ceil(waitMs / 1000)} s`,
      });
    }
    if (this.#trying) {
      throw new KeystairError('later', 'somebody else is unsealing the server right now', {
        nextStep: 'try again in a few seconds',
      });
    }
  }

  async #open(request: UnsealRequest): Promise<Opened> {
    const { seals, dataKeys } = await this.#ports.read();
    const kind =
      'passphrase' in request ? KIND_OF.passphrase : 'pin' in request ? KIND_OF.pin : KIND_OF.shares;
    const candidates = seals.filter((seal) => seal.kind === kind);
    if (candidates.length === 0) {
      throw new KeystairError('not-found', `this server has no seal for ${NAME_OF[kind]}`, {
        nextStep: step('look-for-seals'),
      });
    }
    let failure: unknown;
    for (const form of formsOf(request)) {
      for (const seal of candidates) {
        try {
          const sealKey = await this.#sealKey(seal, form);
          return { keyring: openKeyring({ sealKey, seal, dataKeys }), seal };
        } catch (error) {
          // A wrong PIN is not tried again on another row: tokens lock themselves.
          if (codeOf(error) === 'pin-wrong') throw error;
          failure ??= error;
        }
      }
    }
    throw 'passphrase' in request ? withSpaces(failure, request.passphrase) : failure;
  }

  async #sealKey(seal: Seal, request: UnsealRequest): Promise<Uint8Array> {
    if (seal.kind === 'passphrase' && 'passphrase' in request)
      return stretchPassphrase(request.passphrase, seal.of);
    if (seal.kind === 'pkcs11' && 'pin' in request) {
      const { pkcs11 } = this.#ports.places();
      if (pkcs11 === undefined) {
        throw new KeystairError('token-unavailable', 'the configuration names no PKCS#11 module', {
          nextStep: 'set pkcs11.module in the configuration file, and start the server with --config FILE',
        });
      }
      return openUnderToken({ module: pkcs11.module, pin: request.pin }, seal.of, seal.id);
    }
    if (seal.kind === 'recovery' && 'shares' in request) {
      const shares = request.shares.map((text, index) => parseRecoveryShare(text, index + 1));
      return combineRecoveryShares(shares, seal.of.set);
    }
    throw new Error('broken invariant: the request fits the kind of seal');
  }
}
