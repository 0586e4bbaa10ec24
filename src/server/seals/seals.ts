/**
 * The seals of an open server: lists, adds and removes them and gives out recovery shares, all while the server serves.
 *
 * Invariants: a new seal has opened this very root key before its row is stored; a server always keeps a seal that
 * opens it alone, and neither recovery shares nor a seal whose key file is not at hand count as one; every change is in
 * the audit log in the transaction that makes it; one change runs at a time.
 */
import { rmSync } from 'node:fs';
import type { Keyring, SealRow } from '#crypto/keyring.ts';
import { requireStrongPassword } from '#crypto/password/password-strength.ts';
import { newPassword } from '#crypto/password/password-text.ts';
import { createKeyFile, readKeyFile } from '#crypto/seal/key-file.ts';
import { makePassphraseParameters, stretchPassphrase } from '#crypto/seal/passphrase.ts';
import { openUnderToken, sealUnderToken } from '#crypto/seal/pkcs11-token.ts';
import {
  combineRecoveryShares,
  parseRecoveryShare,
  RECOVERY_SET_BYTES,
  splitRecoveryKey,
} from '#crypto/seal/recovery-shares.ts';
import { assert, KeystairError } from '#domain/errors.ts';
import { SEALS_MAX } from '#domain/limits.ts';
import type { Caller } from '#domain/right.ts';
import { type Notice, step } from '#domain/step.ts';
import type { AddSealRequest, ShownSeal } from '#protocol/people/seal-messages.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import { type CallLife, UNWATCHED } from '../environment/call-life.ts';
import { isoTime } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { keyFileAtHand, readPinFile, type SealPlaces } from './auto-unseal.ts';
import { opensAlone, requireNotNeeded } from './needed-seals.ts';
import { newSealId, putSeal, readTrustedSeals, type Seal, type StoredSealKind } from './seal-rows.ts';
import { sealWarnings, showSeal } from './show-seals.ts';

export interface SealsPorts extends Pick<ServerPorts, 'store' | 'rows' | 'audit' | 'clock' | 'random'> {
  readonly keyring: Keyring;
  readonly dataDirectory: string;
  /**
   * The seals' places, as the configuration names them now; the caller may name another file. Throws
   * `invalid-argument`.
   */
  readonly places: (config?: string) => SealPlaces;
}

/** A seal that was made and not stored yet. */
interface MadeSeal {
  readonly row: SealRow;
  readonly sealKey: Uint8Array;
  /** For the person who added it. */
  readonly about: string;
  /** Removes what was made beside the row. */
  readonly undo?: () => void;
}

export class Seals {
  readonly #ports: SealsPorts;
  #change: Promise<unknown> = Promise.resolve();

  constructor(ports: SealsPorts) {
    this.#ports = ports;
  }

  async list(): Promise<{ readonly seals: ShownSeal[]; readonly warnings: Notice[] }> {
    const { store, places, dataDirectory, keyring } = this.#ports;
    const seals = await this.#trusted(store.reader);
    const now = places();
    const opened = keyFileAtHand(keyring, now.rootKeyFile);
    return {
      seals: seals.map((seal) => showSeal(seal, now, opened)),
      warnings: sealWarnings(seals, now, opened, dataDirectory),
    };
  }

  /** Throws `password-weak`, `file-exists`, `token-unavailable`, `pin-wrong`, `invalid-argument`. */
  add(
    caller: Caller,
    request: AddSealRequest,
    life: Pick<CallLife, 'made'> = UNWATCHED,
  ): Promise<{ readonly seal: string; readonly about: string }> {
    return this.#alone(async () => {
      await this.#requireRoom(this.#ports.store.reader);
      const made = await this.#make(request);
      const answer = { seal: made.row.id, about: made.about };
      try {
        await this.#ports.store.write(async (transaction) => {
          await this.#requireRoom(transaction);
          await this.#store(transaction, caller, made);
          await life.made(transaction, answer);
        });
      } catch (error) {
        made.undo?.();
        throw error;
      }
      made.sealKey.fill(0);
      return answer;
    });
  }

  /** Ids of the seals that open this process without a person. */
  async opensAlone(): Promise<readonly string[]> {
    const { keyring, places, store } = this.#ports;
    return opensAlone(await this.#trusted(store.reader), keyring, places());
  }

  /** Throws `not-found`, `last-seal`. */
  remove(
    caller: Caller,
    id: string,
  ): Promise<{ readonly seal: string; readonly kind: StoredSealKind | 'altered'; readonly left: number }> {
    return this.#alone(async () => {
      await requireNotNeeded(this.#ports.store.processes, id);
      const { keyring, places, store } = this.#ports;
      const { rootKeyFile } = places();
      const openedByKeyFile = keyFileAtHand(keyring, rootKeyFile);
      const opensAlone = (one: Seal): boolean =>
        one.kind === 'key-file' ? openedByKeyFile(one) : one.kind !== 'recovery';
      return store.write(async (transaction) => {
        const seals = await this.#trusted(transaction);
        const altered = (await transaction.row('seal', id)) !== undefined;
        const seal =
          seals.find((one) => one.id === id) ?? (altered ? ({ id, kind: 'altered' } as const) : undefined);
        if (seal === undefined) {
          throw new KeystairError('not-found', `this server has no seal ${id}`, {
            nextStep: step('look-at-seals'),
          });
        }
        const left = seals.filter((one) => one !== seal && opensAlone(one)).length;
        if (left === 0) {
          throw new KeystairError(
            'last-seal',
            `without ${id} no single seal would open this server: recovery shares do not count, nor does a seal whose key file is not at ${rootKeyFile}`,
            { nextStep: step('add-seal-first') },
          );
        }
        await this.#drop(transaction, caller, seal);
        return { seal: id, kind: seal.kind, left };
      });
    });
  }

  /** Makes new shares for everyone; those of an older set open nothing from then on. Throws `invalid-argument`. */
  initRecovery(
    caller: Caller,
    { shares, threshold }: { readonly shares: number; readonly threshold: number },
    { made }: Pick<CallLife, 'made'> = UNWATCHED,
  ): Promise<{
    seal: string;
    set: string;
    threshold: number;
    shares: string[];
    replaced: string | null;
  }> {
    if (threshold > shares) {
      throw new KeystairError(
        'invalid-argument',
        `the threshold is ${threshold}, but there are only ${shares} shares`,
        {
          nextStep: 'give a threshold of at most the number of shares',
        },
      );
    }
    const { random, store } = this.#ports;
    return this.#alone(async () => {
      const set = Buffer.from(random(RECOVERY_SET_BYTES)).toString('hex').toUpperCase();
      const key = random(32);
      const texts = await splitRecoveryKey(key, { set, shares, threshold });
      const parsed = texts.map((text, index) => parseRecoveryShare(text, index + 1));
      for (const some of [parsed.slice(0, threshold), parsed.slice(-threshold)]) {
        assert(
          Buffer.compare(await combineRecoveryShares(some, set), key) === 0,
          'recovery shares give back what was split',
        );
      }
      const row = this.#wrap('recovery', key, { set, shares, threshold });
      const replaced = await store.write(async (transaction) => {
        const old = (await this.#trusted(transaction)).filter(({ kind }) => kind === 'recovery');
        for (const seal of old) await this.#drop(transaction, caller, seal);
        await this.#requireRoom(transaction);
        await this.#store(transaction, caller, { row, sealKey: key, about: '' });
        await made(transaction);
        const [first] = old;
        return first?.kind === 'recovery' ? first.of.set : null;
      });
      key.fill(0);
      return { seal: row.id, set, threshold, shares: [...texts], replaced };
    });
  }

  async #make(request: AddSealRequest): Promise<MadeSeal> {
    switch (request.kind) {
      case 'passphrase':
        return this.#makePassphrase(request.passphrase);
      case 'key-file':
        return this.#makeKeyFile(request.config);
      case 'pkcs11':
        return this.#makeToken(request);
    }
  }

  async #makePassphrase(given: string): Promise<MadeSeal> {
    await requireStrongPassword(given);
    const passphrase = newPassword(given);
    const parameters = makePassphraseParameters(this.#ports.random);
    const row = this.#wrap('passphrase', await stretchPassphrase(passphrase, parameters), parameters);
    // Stretched again, as the next start will do.
    return { row, sealKey: await stretchPassphrase(passphrase, parameters), about: '' };
  }

  async #makeKeyFile(config: string | undefined): Promise<MadeSeal> {
    const { rootKeyFile } = this.#ports.places(config);
    createKeyFile(rootKeyFile, this.#ports.random);
    const undo = (): void => rmSync(rootKeyFile, { force: true });
    try {
      // Read again, as the next start will do.
      const sealKey = readKeyFile(rootKeyFile);
      return { row: this.#wrap('key-file', sealKey), sealKey, about: rootKeyFile, undo };
    } catch (error) {
      undo();
      throw error;
    }
  }

  async #makeToken(request: Extract<AddSealRequest, { kind: 'pkcs11' }>): Promise<MadeSeal> {
    const { places, random } = this.#ports;
    const { pkcs11 } = places(request.config);
    if (pkcs11 === undefined) {
      throw new KeystairError('token-unavailable', 'the configuration names no PKCS#11 module', {
        nextStep:
          'set pkcs11.module in the configuration file, and name that file with --config if the server was started without one',
      });
    }
    const pin = request.pin ?? (pkcs11.pinFile === undefined ? undefined : readPinFile(pkcs11.pinFile));
    if (pin === undefined) {
      throw new KeystairError('invalid-argument', "the token's PIN is missing", {
        nextStep: 'enter it, or name a file that holds it as pkcs11.pinFile in the configuration',
      });
    }
    const access = { module: pkcs11.module, pin };
    const { token, key } = request;
    const id = newSealId('pkcs11', random);
    const fresh = random(32);
    const { parameters, made } = await sealUnderToken(access, { token, key }, id, fresh, random);
    const row = this.#wrap('pkcs11', fresh, parameters, id);
    fresh.fill(0);
    const about = `token "${token}", key "${key}"${made ? ', newly made' : ''}`;
    return { row, sealKey: await openUnderToken(access, parameters, id), about };
  }

  #wrap(kind: StoredSealKind, sealKey: Uint8Array, parameters?: object, id?: string): SealRow {
    const { keyring, random } = this.#ports;
    return keyring.wrapRootKey(
      {
        id: id ?? newSealId(kind, random),
        kind,
        ...(parameters === undefined ? {} : { parameters: JSON.stringify(parameters) }),
      },
      sealKey,
      random,
    );
  }

  async #store(transaction: Transaction, caller: Caller, { row, sealKey }: MadeSeal): Promise<void> {
    const { keyring, rows, audit, clock } = this.#ports;
    assert(keyring.isOpenedBy(row, sealKey), 'a seal is stored when it has opened the root key');
    await putSeal(rows, transaction, row, isoTime(clock()));
    await audit.append(transaction, [{ event: 'seal-added', by: caller.name, seal: row.id, kind: row.kind }]);
  }

  async #drop(
    transaction: Transaction,
    caller: Caller,
    { id, kind }: { readonly id: string; readonly kind: string },
  ): Promise<void> {
    await transaction.deleteRow('seal', id);
    await this.#ports.audit.append(transaction, [{ event: 'seal-removed', by: caller.name, seal: id, kind }]);
  }

  #trusted(reader: Reader): Promise<readonly Seal[]> {
    return readTrustedSeals(this.#ports.rows, reader);
  }

  async #requireRoom(reader: Reader): Promise<void> {
    if ((await this.#trusted(reader)).length < SEALS_MAX) return;
    throw new KeystairError('invalid-argument', `this server already has ${SEALS_MAX} seals, the maximum`, {
      nextStep: step('remove-seal'),
    });
  }

  #alone<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#change.then(change, change);
    this.#change = done.catch(() => undefined);
    return done;
  }
}
