/**
 * The server's own two age identities, post-quantum hybrid and X25519. An export can be sealed to them in place of a
 * password. They are made when first needed, sealed like every secret of the server, and never replaced: a file in
 * transit must still open.
 */
import { makeAgeIdentity, recipientOf } from '#crypto/age-identity.ts';
import type { AgeAlgorithm } from '#domain/age-algorithm.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import type { Store } from '#store/store.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';

export interface ServerIdentity {
  readonly identity: KeyMaterial;
  readonly recipient: string;
}

/** The hybrid one first: it is the recommended one. */
const SECRETS: readonly (readonly [id: string, algorithm: AgeAlgorithm])[] = [
  ['age-identity-hybrid', 'age-mlkem768x25519'],
  ['age-identity-x25519', 'age-x25519'],
];

export class ServerIdentities {
  readonly #rows: TrustedRows;
  readonly #store: Store;
  #loaded: Promise<readonly ServerIdentity[]> | undefined;
  #told: string | undefined;

  constructor(rows: TrustedRows, store: Store) {
    this.#rows = rows;
    this.#store = store;
  }

  /** The recommended recipient, once it is known: what neighbours are told must not wait for a key to be made. */
  get told(): string | undefined {
    return this.#told;
  }

  /** Throws `record-unreadable` if one was altered in the database. */
  all(): Promise<readonly ServerIdentity[]> {
    this.#loaded ??= Promise.all(SECRETS.map(([id, algorithm]) => this.#load(id, algorithm)));
    // A failure is not remembered: the disk may have been full.
    this.#loaded.then(
      ([first]) => {
        this.#told = first?.recipient;
      },
      () => {
        this.#loaded = undefined;
      },
    );
    return this.#loaded;
  }

  async #load(id: string, algorithm: AgeAlgorithm): Promise<ServerIdentity> {
    const secret = (await this.#rows.getSecret(this.#store.reader, id)) ?? (await this.#make(id, algorithm));
    const identity = new KeyMaterial(secret);
    return { identity, recipient: await recipientOf(identity) };
  }

  async #make(id: string, algorithm: AgeAlgorithm): Promise<Uint8Array> {
    const fresh = (await makeAgeIdentity(algorithm)).identity.expose();
    return this.#store.write(async (transaction) => {
      const there = await this.#rows.getSecret(transaction, id);
      if (there !== undefined) return there;
      await this.#rows.putSecret(transaction, id, fresh);
      return fresh;
    });
  }
}
