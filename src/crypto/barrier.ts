/**
 * The barrier: the one passage between our secrets and a database that anyone may hold.
 *
 * Invariants: a blob opens only for the purpose and the associated data it was sealed for, whole and unaltered; a row's
 * MAC fits only that purpose and those data; no error says more than purpose and cause.
 *
 * A blob is: version (1 byte, 1), data key number (32 bits, big-endian), nonce (24 bytes), ciphertext, tag (16 bytes).
 * Version and number need no authentication of their own: both only choose the key, and the wrong key does not open the
 * blob.
 */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { assert, KeystairError } from '#domain/errors.ts';
import { type Step, step } from '#domain/step.ts';
import { associate } from './associated.ts';
import type { Keyring, Random } from './keyring.ts';
import { nonceSource } from './nonces.ts';
import { XAES_NONCE_BYTES, XAES_TAG_BYTES } from './xaes-256-gcm.ts';

const VERSION = 1;
const NONCE_AT = 5;
const CIPHERTEXT_AT = NONCE_AT + XAES_NONCE_BYTES;
/** The bytes of a blob beside its ciphertext. */
export const BLOB_OVERHEAD_BYTES = CIPHERTEXT_AT + XAES_TAG_BYTES;
const MAC_BYTES = 32;

function unreadable(
  purpose: string | undefined,
  what: string,
  nextStep: Step,
  dataKey?: number,
): KeystairError {
  const record = purpose === undefined ? 'a sealed record' : `a sealed record (${purpose})`;
  return new KeystairError('record-unreadable', `${record} ${what}`, {
    nextStep,
    details: { ...(purpose === undefined ? {} : { purpose }), ...(dataKey === undefined ? {} : { dataKey }) },
  });
}

/** The number of the data key a blob is sealed under. Throws `record-unreadable`. */
function readDataKeyNumber(blob: Uint8Array, purpose?: string): number {
  if (blob.length < BLOB_OVERHEAD_BYTES) {
    throw unreadable(purpose, 'is truncated', step('verify-and-restore'));
  }
  if (blob[0] !== VERSION) {
    throw unreadable(
      purpose,
      `has form ${blob[0]}, which this release does not know`,
      step('upgrade-or-verify'),
    );
  }
  return ((blob[1]! << 24) | (blob[2]! << 16) | (blob[3]! << 8) | blob[4]!) >>> 0;
}

export class Barrier {
  readonly #keyring: Keyring;
  readonly #macKey: KeyObject;
  readonly #nextNonce: () => Uint8Array;

  constructor(keyring: Keyring, random: Random) {
    this.#keyring = keyring;
    this.#macKey = keyring.macKey;
    this.#nextNonce = nonceSource(random);
  }

  /** The data key that seals from now on. A blob with a lower number is due for re-encryption. */
  get currentDataKey(): number {
    return this.#keyring.currentDataKey;
  }

  /** Throws `record-unreadable` for what is no blob. Does not say whether it opens. */
  dataKeyNumber(blob: Uint8Array): number {
    return readDataKeyNumber(blob);
  }

  /**
   * @param purpose what the record is and the table it is in: a constant of ours, ASCII.
   * @param associated the record's other fields in one canonical form: what must not be swapped under it.
   */
  seal(purpose: string, associated: string, plaintext: Uint8Array): Uint8Array {
    const number = this.#keyring.currentDataKey;
    const key = this.#keyring.sealingKey(number);
    assert(key !== undefined, 'a keyring has at least one data key');
    const nonce = this.#nextNonce();
    const blob = Buffer.allocUnsafe(BLOB_OVERHEAD_BYTES + plaintext.length);
    blob[0] = VERSION;
    blob.writeUInt32BE(number, 1);
    blob.set(nonce, NONCE_AT);
    key.sealInto(blob, CIPHERTEXT_AT, nonce, plaintext, associate(purpose, associated));
    return blob;
  }

  /** Throws `record-unreadable`; `details.dataKey` names a data key that this process does not have (yet). */
  open(purpose: string, associated: string, blob: Uint8Array): Uint8Array {
    const number = readDataKeyNumber(blob, purpose);
    const key = this.#keyring.sealingKey(number);
    if (key === undefined) {
      throw unreadable(
        purpose,
        `is sealed under data key ${number}, which this server does not have`,
        step('verify-and-restore'),
        number,
      );
    }
    const nonce = blob.subarray(NONCE_AT, CIPHERTEXT_AT);
    const plaintext = key.open(nonce, blob.subarray(CIPHERTEXT_AT), associate(purpose, associated));
    if (plaintext === undefined) {
      throw unreadable(
        purpose,
        'does not open: it or its row was altered or moved',
        step('verify-and-restore'),
      );
    }
    return plaintext;
  }

  /** HMAC-SHA-256, 32 bytes, stable for the life of the root key. @param data the row in one canonical form. */
  mac(purpose: string, data: string): Buffer {
    return createHmac('sha256', this.#macKey).update(associate(purpose, data)).digest();
  }

  /** Whether `mac` is the row's. Compares in constant time; a MAC of another length does not fit. */
  macFits(purpose: string, data: string, mac: Uint8Array): boolean {
    return mac.length === MAC_BYTES && timingSafeEqual(this.mac(purpose, data), mac);
  }
}
