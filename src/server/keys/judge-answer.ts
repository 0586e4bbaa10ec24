/** Judging what came down by a lookup. Invariant: only the key that was asked for, whole, and with its claim, is an answer. */
import { claimFits } from '#domain/claim.ts';
import type { CompleteKey } from '#domain/encryption-key.ts';
import { codeOf } from '#domain/errors.ts';
import { keyFromWire } from '#protocol/wire-key.ts';
import { type CheckedKey, checkedKey } from '#domain/encryption-key.ts';

/** The key of an answer, when it is the one asked for and the claim fits it. */
export function judgeAnswer(
  wire: unknown,
  question: { readonly id: string; readonly claim: Uint8Array },
): CheckedKey | undefined {
  try {
    const checked = checkedKey(keyFromWire(wire));
    const { key }: CompleteKey = checked.complete;
    return key.id === question.id && claimFits(question.claim, key.claimHash) ? checked : undefined;
  } catch (error) {
    if (codeOf(error) === 'record-invalid') return undefined;
    throw error;
  }
}
