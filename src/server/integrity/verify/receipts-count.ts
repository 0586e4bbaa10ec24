/**
 * Recounts receipts: each device's total from the notes of what it holds, page by page through all of them. Memory is
 * bounded: with many devices the notes are walked several times.
 */
import { addToTotals, NO_RECEIPTS, type ReceiptTotals } from '#domain/receipt.ts';
import type { NotedReceipt } from '#store/rows.ts';
import type { Reader } from '#store/transaction.ts';

const PAGE = 500;
/** Devices counted in one walk: some ten megabytes. */
export const DEVICES_A_WALK = 50_000;

/** Totals of those devices; none for a device without a note. @param onPage lets other work run. */
export async function countReceipts(
  reader: Reader,
  devices: ReadonlySet<string>,
  onPage: () => Promise<void>,
): Promise<ReadonlyMap<string, ReceiptTotals>> {
  const counted = new Map<string, ReceiptTotals>();
  for (let after: NotedReceipt | undefined; ; ) {
    const page: readonly NotedReceipt[] = await reader.notedReceipts(after, PAGE);
    const held = page.filter(({ deviceId }) => devices.has(deviceId));
    const ids = held.length === 0 ? new Map<number, string>() : await idsOf(reader, held);
    for (const { seq, deviceId } of held) {
      const id = ids.get(seq);
      if (id !== undefined) {
        counted.set(deviceId, addToTotals(counted.get(deviceId) ?? NO_RECEIPTS, [id]));
      }
    }
    after = page.at(-1);
    await onPage();
    if (page.length < PAGE) return counted;
  }
}

/** The ids of the keys of those numbers. Notes follow the keys, so their numbers lie close together. */
async function idsOf(reader: Reader, notes: readonly NotedReceipt[]): Promise<Map<number, string>> {
  const wanted = new Set(notes.map(({ seq }) => seq));
  const ids = new Map<number, string>();
  const last = notes.at(-1)!.seq;
  for (let after = notes[0]!.seq - 1; after < last; ) {
    const keys = await reader.keysAfter(after, PAGE);
    for (const { seq, id } of keys) if (wanted.has(seq)) ids.set(seq, id);
    const end = keys.at(-1)?.seq;
    if (end === undefined) break;
    // Skips numbers for which nobody holds a receipt.
    const next = notes.find(({ seq }) => seq > end);
    after = next === undefined ? last : next.seq - 1;
  }
  return ids;
}

export function sameTotals(left: ReceiptTotals, right: ReceiptTotals): boolean {
  return left.count === right.count && Buffer.compare(left.digest, right.digest) === 0;
}
