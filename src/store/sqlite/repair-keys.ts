/** Writes repaired rows of keys at their numbers. */
import type { Position } from '#domain/sequence.ts';
import { provenRows } from '../repaired-rows.ts';
import type { StoredKey } from '../rows.ts';
import type { KeysTable } from './keys-table.ts';

/** @param head the current head, whether its row is damaged or not. */
export function repairKeys(keys: KeysTable, head: Position, rows: readonly StoredKey[]): void {
  const proven = provenRows(keys, head, rows);
  // All are removed before any is written: two records may have changed places.
  for (const { seq } of proven) keys.remove(seq);
  for (const row of proven) keys.insert(row);
}
