/**
 * Repairs what is noted of devices and neighbours, and what is derived from the audit log. Invariant: nothing is believed that is not counted here. A device
 * whose count differs gives a lost note back, and what a neighbour said is heard again with the next heartbeat.
 */
import { NO_RECEIPTS, type ReceiptTotals } from '#domain/receipt.ts';
import type { Store } from '#store/store.ts';
import { makeTiles } from '../../audit/open-tree.ts';
import type { ServerPorts } from '../../repository/ports.ts';
import type { Findings } from '../verify/findings.ts';
import { countReceipts, sameTotals } from '../verify/receipts-count.ts';

export async function repairNotes({ store }: Pick<ServerPorts, 'store'>, findings: Findings): Promise<void> {
  if (findings.alteredAuditTiles > 0) await makeTiles(store, await store.reader.auditHead());
  await recountReceipts(store, new Set(findings.receiptTotals.map(({ id }) => id)));
  for (const { id, lastHeartbeatAt } of findings.contacts) {
    await store.write((transaction) => transaction.putContact({ id, lastHeartbeatAt, body: '{}' }));
  }
}

async function recountReceipts(store: Store, devices: ReadonlySet<string>): Promise<void> {
  if (devices.size === 0) return;
  const before = new Map<string, ReceiptTotals>();
  for (const id of devices) before.set(id, await store.reader.receiptTotals(id));
  const counted = await countReceipts(store.reader, devices, () => new Promise((next) => setImmediate(next)));
  await store.write(async (transaction) => {
    for (const [id, totals] of before) {
      // The device handed over a key meanwhile, so its count is outdated. The next verification finds it again.
      if (!sameTotals(await transaction.receiptTotals(id), totals)) continue;
      await transaction.addReceipts(id, [], counted.get(id) ?? NO_RECEIPTS);
    }
  });
}
