/**
 * The claim: 16 random bytes beside the encrypted data that prove possession of it. Servers keep only its SHA-256, so
 * reading a repository gives no claim away.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { isClaimText } from './claim-text.ts';
import { KeystairError } from './errors.ts';
import { CLAIM_BYTES } from './limits.ts';

/** Unpadded standard base64, 22 characters: the form in age stanzas, LUKS2 tokens and messages. */
export function claimToText(claim: Uint8Array): string {
  return Buffer.from(claim).toString('base64').slice(0, 22);
}

/** Refuses anything but the one canonical spelling of 16 bytes. */
export function claimFromText(text: string): Uint8Array {
  if (!isClaimText(text)) {
    throw new KeystairError(
      'request-invalid',
      `a claim is ${CLAIM_BYTES} bytes in unpadded canonical base64`,
      {
        nextStep: 'check that the header of the file or drive was not altered',
      },
    );
  }
  return new Uint8Array(Buffer.from(text, 'base64'));
}

/** SHA-256 of the claim's bytes, 64 lower-case hexadecimal digits. */
export function hashClaim(claim: Uint8Array): string {
  return hash('sha256', claim, 'hex');
}

/** Compares in constant time. */
export function claimFits(claim: Uint8Array, claimHash: string): boolean {
  return timingSafeEqual(hash('sha256', claim, 'buffer'), Buffer.from(claimHash, 'hex'));
}
