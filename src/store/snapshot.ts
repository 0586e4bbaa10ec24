/**
 * A repository as plain rows: what a backup holds and a restore brings back. Invariant: it knows the port and no
 * database, so a backup of one kind of store can be restored into another.
 */
import type { ReceiptTotals } from '#domain/receipt.ts';
import type { AuditRow, Contact, Cursor, RefusedKey, StagedKey, StoredKey, TrustedRow } from './rows.ts';
import type { Reader } from './transaction.ts';

/** Every table, with the form of its rows. The tiles of the audit log are left out: they are made again from its lines. */
export interface RepositoryTables {
  readonly 'trusted-rows': TrustedRow;
  readonly keys: StoredKey;
  readonly 'staged-keys': StagedKey & { readonly importId: string };
  readonly cursors: Cursor;
  readonly 'refused-keys': RefusedKey;
  readonly contacts: Contact;
  readonly receipts: { readonly deviceId: string; readonly seq: number };
  readonly 'receipt-totals': ReceiptTotals & { readonly deviceId: string };
  readonly audit: AuditRow;
}
export type RepositoryTable = keyof RepositoryTables;

/** The order of tables in a snapshot. */
export const REPOSITORY_TABLES = [
  'trusted-rows',
  'keys',
  'staged-keys',
  'cursors',
  'refused-keys',
  'contacts',
  'receipts',
  'receipt-totals',
  'audit',
] as const satisfies readonly RepositoryTable[];

/** Some rows of one table. */
export type RepositoryPage = {
  readonly [T in RepositoryTable]: { readonly table: T; readonly rows: readonly RepositoryTables[T][] };
}[RepositoryTable];

/** The repository at one moment. Later writes are not in it, and it does not delay them. */
export interface Snapshot {
  readonly reader: Reader;
  /** Every row of every table once, in pages; `keys` and `audit` by number. May be walked once. */
  pages(): AsyncGenerator<RepositoryPage, void, undefined>;
  /** Must be called: until then, the store keeps what has been replaced since. */
  release(): Promise<void>;
}
