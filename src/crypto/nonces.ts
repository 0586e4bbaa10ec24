/**
 * Nonces for XAES-256-GCM, 24 random bytes each. They are no secret, so many are fetched at a time: asking for each
 * alone costs as much as hashing a record.
 *
 * Invariant: no nonce is given out twice.
 */
import type { Random } from './keyring.ts';
import { XAES_NONCE_BYTES } from './xaes-256-gcm.ts';

const FETCHED = 128;

/** @returns a function that gives the next nonce, which stays valid for as long as it is held. */
export function nonceSource(random: Random): () => Uint8Array {
  let fetched: Uint8Array = new Uint8Array(0);
  let at = 0;
  return () => {
    if (at === fetched.length) {
      fetched = random(FETCHED * XAES_NONCE_BYTES);
      at = 0;
    }
    at += XAES_NONCE_BYTES;
    return fetched.subarray(at - XAES_NONCE_BYTES, at);
  };
}
