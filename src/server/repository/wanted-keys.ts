/** The damaged keys that a repair waits for, as seen by the operations that bring keys. */
import type { CheckedKey } from '#domain/encryption-key.ts';
import type { Transaction } from '#store/transaction.ts';

export interface WantedKeys {
  /** Nothing is wanted. */
  readonly none: boolean;
  /** Whether that device may keep receipts for some of them. */
  from(deviceId: string): boolean;
  /** Whether such a record is wanted. */
  takes(key: CheckedKey): boolean;
  /** Whether a key of that number is wanted. */
  has(seq: number): boolean;
  /** Repairs damaged rows with the keys that belong there. @param from who brings the keys. */
  repair(transaction: Transaction, keys: readonly CheckedKey[], from: string): Promise<void>;
}
