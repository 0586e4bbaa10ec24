/** Damaged keys that a repair waits for, as those see them who bring keys. */
import type { CheckedKey } from '#domain/encryption-key.ts';
import type { Transaction } from '#store/transaction.ts';

export interface WantedKeys {
  /** Nothing is waited for. */
  readonly none: boolean;
  /** Whether that device may keep receipts for some of them. */
  from(deviceId: string): boolean;
  /** Whether such a record is wanted. */
  takes(key: CheckedKey): boolean;
  /** Whether a key of that number is wanted. */
  has(seq: number): boolean;
  /** Puts into damaged rows what belongs there. @param from who brings the keys. */
  mend(transaction: Transaction, keys: readonly CheckedKey[], from: string): Promise<void>;
}
