/**
 * The root key and the data keys: made, wrapped, unwrapped and numbered here, and nowhere else.
 *
 * Invariants: data keys are numbered from 1 without gaps and never dropped, so everything that was sealed opens; a data
 * key seals nothing before its row is stored, because `addDataKey` only makes the row and `useDataKey` takes it into
 * use; every key has one use, which its own HKDF info string names.
 *
 * Rows are plain data. The caller stores them.
 */
import { createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import { assert, KeystairError } from '#domain/errors.ts';
import { associate } from './associated.ts';
import { XAES_KEY_BYTES, XAES_NONCE_BYTES, XAES_TAG_BYTES, XaesKey } from './xaes-256-gcm.ts';

/** The source of randomness. */
export type Random = (bytes: number) => Uint8Array;

/** The kinds of seal that hold the root key wrapped; each has its words in SEAL_WORDS. */
export type SealKind = 'key-file' | 'passphrase' | 'pkcs11' | 'backup' | 'recovery';

/** The root key wrapped under one seal. */
export interface SealRow {
  readonly id: string;
  readonly kind: SealKind;
  /** What must be known before the seal gives its 32 bytes; authenticated beside the root key. */
  readonly parameters?: string | undefined;
  readonly wrapped: Uint8Array;
}

/** One data key wrapped under the root key. */
export interface DataKeyRow {
  readonly number: number;
  readonly wrapped: Uint8Array;
}

const KEY_BYTES = XAES_KEY_BYTES;
const WRAPPED_BYTES = XAES_NONCE_BYTES + KEY_BYTES + XAES_TAG_BYTES;

/** The one use of each derived key. An info string never changes; another use, or another form, gets a new one. */
const INFO_WRAP = 'keystair/root-key/wrap-data-keys/v1';
const INFO_MAC = 'keystair/root-key/barrier-mac/v1';
const INFO_SEAL = 'keystair/data-key/seal-records/v1';

const PURPOSE_ROOT_KEY = 'keystair/root-key/v1';
const PURPOSE_DATA_KEY = 'keystair/data-key/v1';

const SEAL_WORDS: Readonly<Record<SealKind, { readonly name: string; readonly nextStep: string }>> = {
  'key-file': {
    name: 'key file',
    nextStep: 'restore the key file of this data directory from the copy kept elsewhere',
  },
  passphrase: {
    name: 'passphrase',
    nextStep: 'enter it again, or open the server with another seal',
  },
  pkcs11: { name: 'PKCS#11 token', nextStep: 'insert the token this server was set up with' },
  backup: { name: "backup's password", nextStep: 'enter the password of this backup' },
  recovery: {
    name: 'recovery key from these shares',
    nextStep: 'use shares of one set, all of this server',
  },
};

function derive(key: Uint8Array, info: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', info, KEY_BYTES));
}

function makeSecret(random: Random): Uint8Array {
  const secret = random(KEY_BYTES);
  assert(secret.length === KEY_BYTES, 'randomness gives as many bytes as it was asked for');
  return secret;
}

/** Nonce, ciphertext, tag. */
function wrap(under: XaesKey, associated: Uint8Array, secret: Uint8Array, random: Random): Uint8Array {
  const nonce = random(XAES_NONCE_BYTES);
  const wrapped = new Uint8Array(WRAPPED_BYTES);
  wrapped.set(nonce);
  under.sealInto(wrapped, XAES_NONCE_BYTES, nonce, secret, associated);
  return wrapped;
}

function unwrap(under: XaesKey, associated: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined {
  return under.open(wrapped.subarray(0, XAES_NONCE_BYTES), wrapped.subarray(XAES_NONCE_BYTES), associated);
}

function rootKeyAssociated({ id, kind, parameters }: Omit<SealRow, 'wrapped'>): Uint8Array {
  assert(!id.includes('\n'), 'the id of a seal is one line');
  // No kind contains a colon and no id a line feed, so the parts cannot run into one another.
  return associate(PURPOSE_ROOT_KEY, `${kind}:${id}${parameters === undefined ? '' : `\n${parameters}`}`);
}

function unwrapRootKey(seal: SealRow, sealKey: Uint8Array): Uint8Array | undefined {
  return unwrap(new XaesKey(sealKey), rootKeyAssociated(seal), seal.wrapped);
}

function dataKeyAssociated(number: number): Uint8Array {
  return associate(PURPOSE_DATA_KEY, String(number));
}

export class Keyring {
  readonly #rootKey: Uint8Array;
  readonly #wrapping: XaesKey;
  readonly #macKey: KeyObject;
  /** Data key n seals under the key at n - 1. */
  readonly #sealing: XaesKey[] = [];

  /** Use `createKeyring` or `openKeyring`. @param rootKey 32 bytes, held and not copied. */
  constructor(rootKey: Uint8Array, dataKeys: readonly DataKeyRow[]) {
    this.#rootKey = rootKey;
    this.#wrapping = new XaesKey(derive(rootKey, INFO_WRAP));
    this.#macKey = createSecretKey(derive(rootKey, INFO_MAC));
    for (const row of dataKeys.toSorted((one, other) => one.number - other.number)) this.useDataKey(row);
  }

  /** The number of the data key that seals now: the highest. */
  get currentDataKey(): number {
    return this.#sealing.length;
  }

  /** The key that seals records of data key `number`. */
  sealingKey(number: number): XaesKey | undefined {
    return this.#sealing[number - 1];
  }

  /** The barrier's MAC key. It derives from the root key, so it stays the same whatever data keys change. */
  get macKey(): KeyObject {
    return this.#macKey;
  }

  /**
   * Makes the row of the next data key and does nothing else with it. Store it (its number unique), then call
   * `useDataKey`: a key that seals records before its own row is durable could be lost, and all of them with it.
   */
  addDataKey(random: Random): DataKeyRow {
    const number = this.currentDataKey + 1;
    const secret = makeSecret(random);
    const row = { number, wrapped: wrap(this.#wrapping, dataKeyAssociated(number), secret, random) };
    secret.fill(0);
    return row;
  }

  /**
   * Takes a stored row into use, our own or one that another process of this server stored. A number already in use
   * stays as it is. Throws `data-damaged` for a row that does not open or that leaves a gap.
   */
  useDataKey(row: DataKeyRow): void {
    const next = this.currentDataKey + 1;
    if (Number.isInteger(row.number) && row.number >= 1 && row.number < next) return;
    if (row.number !== next) {
      throw new KeystairError('data-damaged', `data key ${next} is missing from this server's database`, {
        nextStep: 'restore the newest backup; nothing sealed under that data key opens without it',
        details: { dataKey: next },
      });
    }
    const secret = unwrap(this.#wrapping, dataKeyAssociated(next), row.wrapped);
    if (secret === undefined) {
      throw new KeystairError('data-damaged', `data key ${next} does not open under this server's root key`, {
        nextStep: 'its row was altered or belongs to another server; restore the newest backup',
        details: { dataKey: next },
      });
    }
    this.#sealing.push(new XaesKey(derive(secret, INFO_SEAL)));
    secret.fill(0);
  }

  /** The root key wrapped under one more seal. The rows of the other seals do not change. */
  wrapRootKey(seal: Omit<SealRow, 'wrapped'>, sealKey: Uint8Array, random: Random): SealRow {
    const wrapped = wrap(new XaesKey(sealKey), rootKeyAssociated(seal), this.#rootKey, random);
    return { ...seal, wrapped };
  }

  /** Whether the seal gives this very root key: a new seal has to prove that before anyone relies on it. */
  isOpenedBy(seal: SealRow, sealKey: Uint8Array): boolean {
    const rootKey = unwrapRootKey(seal, sealKey);
    const same = rootKey !== undefined && timingSafeEqual(rootKey, this.#rootKey);
    rootKey?.fill(0);
    return same;
  }
}

/** A new root key with data key 1. Store `seal` and `dataKeys` before anything is sealed. */
export function createKeyring(ports: {
  readonly random: Random;
  /** 32 bytes, from the seal. */
  readonly sealKey: Uint8Array;
  readonly sealId: string;
  readonly kind: SealKind;
}): { keyring: Keyring; seal: SealRow; dataKeys: readonly DataKeyRow[] } {
  const keyring = new Keyring(makeSecret(ports.random), []);
  const row = keyring.addDataKey(ports.random);
  keyring.useDataKey(row);
  const seal = keyring.wrapRootKey({ id: ports.sealId, kind: ports.kind }, ports.sealKey, ports.random);
  return { keyring, seal, dataKeys: [row] };
}

/** Throws `root-key-wrong` where the seal key does not open the row, `data-damaged` where a data key is amiss. */
export function openKeyring(ports: {
  readonly sealKey: Uint8Array;
  readonly seal: SealRow;
  readonly dataKeys: readonly DataKeyRow[];
}): Keyring {
  const { seal, sealKey, dataKeys } = ports;
  const rootKey = unwrapRootKey(seal, sealKey);
  if (rootKey === undefined) {
    const { name, nextStep } = SEAL_WORDS[seal.kind] ?? { name: 'seal', nextStep: 'upgrade Keystair' };
    throw new KeystairError('root-key-wrong', `the ${name} does not open this server's root key`, {
      nextStep,
      details: { seal: seal.id, kind: seal.kind },
    });
  }
  if (dataKeys.length === 0) {
    throw new KeystairError('data-damaged', "data key 1 is missing from this server's database", {
      nextStep: 'restore the newest backup',
      details: { dataKey: 1 },
    });
  }
  return new Keyring(rootKey, dataKeys);
}
