/**
 * XAES-256-GCM (c2sp.org/XAES-256-GCM): AES-256-GCM under a key derived for each record from the first half of a
 * 24-byte nonce, so that nonces may be random for any number of records.
 *
 * Invariant: a plaintext leaves `open` only after its tag was checked, and a derived key lives no longer than the call
 * that derived it.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { assert } from '#domain/errors.ts';
import { Redacted } from '#domain/redacted.ts';

export const XAES_KEY_BYTES = 32;
export const XAES_NONCE_BYTES = 24;
export const XAES_TAG_BYTES = 16;

/** The nonce's first half goes into the key, the second into GCM. */
const HALF_NONCE_BYTES = 12;
const BLOCK_BYTES = 16;
/** Stated explicitly, so that no shorter tag is ever accepted (NIST SP 800-38D allows 4 bytes). */
const GCM_OPTIONS = { authTagLength: XAES_TAG_BYTES };

/** CMAC's first subkey (NIST SP 800-38B, section 6.1): `l` doubled in GF(2^128), without a branch on its bits. */
function doubled(l: Uint8Array): Uint8Array {
  const k1 = new Uint8Array(BLOCK_BYTES);
  let carry = 0;
  for (let at = BLOCK_BYTES - 1; at >= 0; at -= 1) {
    k1[at] = (l[at]! << 1) | carry;
    carry = l[at]! >>> 7;
  }
  k1[BLOCK_BYTES - 1]! ^= carry * 0x87;
  return k1;
}

export class XaesKey extends Redacted {
  /** One cipher for the life of the key: making one costs more than the two blocks it then encrypts. */
  readonly #blocks: ReturnType<typeof createCipheriv>;
  readonly #k1: Uint8Array;
  /** M1 and M2 with K1 already added. Only the nonce's bytes change from call to call. */
  readonly #messages = new Uint8Array(2 * BLOCK_BYTES);

  /** @param key 32 bytes, copied. */
  constructor(key: Uint8Array) {
    super();
    assert(key.length === XAES_KEY_BYTES, 'an XAES key has 32 bytes');
    this.#blocks = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
    this.#k1 = doubled(this.#blocks.update(new Uint8Array(BLOCK_BYTES)));
    this.#messages.set([0, 1, 0x58, 0], 0);
    this.#messages.set([0, 2, 0x58, 0], BLOCK_BYTES);
    for (let at = 0; at < BLOCK_BYTES - HALF_NONCE_BYTES; at += 1) {
      this.#messages[at]! ^= this.#k1[at]!;
      this.#messages[BLOCK_BYTES + at]! ^= this.#k1[at]!;
    }
  }

  /** Ciphertext, then the 16-byte tag. @param nonce 24 bytes, never used before with this key: random ones are. */
  seal(nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Uint8Array {
    const sealed = new Uint8Array(plaintext.length + XAES_TAG_BYTES);
    this.sealInto(sealed, 0, nonce, plaintext, associated);
    return sealed;
  }

  /** As `seal`, but writes into `target` from `at` on, where the caller left room for plaintext and tag. */
  sealInto(
    target: Uint8Array,
    at: number,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    associated: Uint8Array,
  ): void {
    const derived = this.#derive(nonce);
    const cipher = createCipheriv('aes-256-gcm', derived, nonce.subarray(HALF_NONCE_BYTES), GCM_OPTIONS);
    derived.fill(0);
    cipher.setAAD(associated);
    target.set(cipher.update(plaintext), at);
    // GCM is a stream: all ciphertext is out already; `final` only makes the tag.
    cipher.final();
    target.set(cipher.getAuthTag(), at + plaintext.length);
  }

  /** The plaintext in memory of its own, or undefined where key, nonce, associated data or any bit of it differs. */
  open(nonce: Uint8Array, sealed: Uint8Array, associated: Uint8Array): Uint8Array | undefined {
    const size = sealed.length - XAES_TAG_BYTES;
    if (size < 0) return undefined;
    const derived = this.#derive(nonce);
    const cipher = createDecipheriv('aes-256-gcm', derived, nonce.subarray(HALF_NONCE_BYTES), GCM_OPTIONS);
    derived.fill(0);
    cipher.setAAD(associated);
    cipher.setAuthTag(sealed.subarray(size));
    const plaintext = cipher.update(sealed.subarray(0, size));
    try {
      cipher.final();
    } catch {
      plaintext.fill(0);
      return undefined;
    }
    return plaintext;
  }

  /** The record's AES-256-GCM key. The caller wipes it. */
  #derive(nonce: Uint8Array): Buffer {
    assert(nonce.length === XAES_NONCE_BYTES, 'an XAES nonce has 24 bytes');
    const messages = this.#messages;
    for (let at = 0; at < HALF_NONCE_BYTES; at += 1) {
      const byte = nonce[at]! ^ this.#k1[at + 4]!;
      messages[at + 4] = byte;
      messages[at + 4 + BLOCK_BYTES] = byte;
    }
    return this.#blocks.update(messages);
  }
}
