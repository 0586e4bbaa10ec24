/**
 * Receipts: what a device keeps of each key its server acknowledged, so that a server restored from an older copy
 * recovers what it lost. Count and digest let both sides compare a whole set in forty bytes.
 */
import { sha256 } from './sha-256.ts';

export interface ReceiptTotals {
  readonly count: number;
  /** XOR of SHA-256 over the keys' ids, 32 bytes: independent of order, changed by any one id. */
  readonly digest: Uint8Array;
}

export const NO_RECEIPTS: ReceiptTotals = { count: 0, digest: new Uint8Array(32) };

/** The totals after receipts for these keys were added. Each id must be new to the set. */
export function addToTotals(totals: ReceiptTotals, keyIds: readonly string[]): ReceiptTotals {
  const digest = Uint8Array.from(totals.digest);
  for (const id of keyIds) {
    const term = sha256(id);
    for (let at = 0; at < 32; at++) digest[at]! ^= term[at]!;
  }
  return { count: totals.count + keyIds.length, digest };
}
