/** Loads a backup's rows page by page. */
import { NO_RECEIPTS } from '#domain/receipt.ts';
import type { RepositoryPage } from '#store/snapshot.ts';
import type { Transaction } from '#store/transaction.ts';

/** Writes a page into a repository that holds none of these rows and, for `keys` and `audit`, all earlier ones. */
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
      // Their totals follow as a table of their own.
      for (const { deviceId, seq } of page.rows) await transaction.addReceipts(deviceId, [seq], NO_RECEIPTS);
      return;
    case 'receipt-totals':
      for (const { deviceId, ...totals } of page.rows) await transaction.addReceipts(deviceId, [], totals);
      return;
    case 'audit':
      return transaction.appendAudit(page.rows);
  }
}
