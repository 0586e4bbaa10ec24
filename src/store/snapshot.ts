/**
 * A repository as plain rows: what a backup holds and a restore brings back. Invariant: it knows the port and no
 * database, so that a backup of one kind of store can be restored into another.
 */
import type {
  AuditRow,
  Contact,
  Cursor,
  Reader,
  ReceiptTotals,
  RefusedKey,
  StagedKey,
  StoredKey,
  Transaction,
  TrustedRow,
} from './store.ts';

/** Every table there is, with the form of its rows. */
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

/** In the order in which a snapshot tells them. */
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

/** The repository at one moment. What is written meanwhile is not in it, and is not held up by it. */
export interface Snapshot {
  readonly reader: Reader;
  /** Every row of every table once, in pages; `keys` and `audit` by number. May be walked once. */
  pages(): AsyncGenerator<RepositoryPage, void, undefined>;
  /** Must be called: as long as it is held, the store keeps what has been replaced since. */
  release(): Promise<void>;
}

const NO_TOTALS: ReceiptTotals = { count: 0, digest: new Uint8Array(32) };

/** Writes a page into a repository that has none of these rows, and of `keys` and `audit` all those before. */
export async function loadPage(transaction: Transaction, page: RepositoryPage): Promise<void> {
  switch (page.table) {
    case 'trusted-rows':
      for (const row of page.rows) await transaction.putRow(row);
      return;
    case 'keys':
      return transaction.appendKeys(page.rows);
    case 'staged-keys':
      for (const { importId, ...key } of page.rows) await transaction.stageKeys(importId, [key]);
      return;
    case 'cursors':
      for (const cursor of page.rows) await transaction.putCursor(cursor);
      return;
    case 'refused-keys':
      return transaction.putRefusedKeys(page.rows);
    case 'contacts':
      for (const contact of page.rows) await transaction.putContact(contact);
      return;
    case 'receipts':
      // Their totals come behind them, as a table of their own.
      for (const { deviceId, seq } of page.rows) await transaction.addReceipts(deviceId, [seq], NO_TOTALS);
      return;
    case 'receipt-totals':
      for (const { deviceId, ...totals } of page.rows) await transaction.addReceipts(deviceId, [], totals);
      return;
    case 'audit':
      return transaction.appendAudit(page.rows);
  }
}
