/** Which receipts of this server devices hold, and how many. */
import type { DatabaseSync } from 'node:sqlite';
import { assert } from '#domain/errors.ts';
import type { ReceiptTotals } from '#domain/receipt.ts';
import type { NotedReceipt } from '../rows.ts';
import { isReadable, prepareCommand, prepareQuery } from './statement.ts';
import { uuidFromBytes, uuidToBytes } from './uuid-bytes.ts';

/** Sorts before any other. */
const NO_DEVICE = new Uint8Array(0);

export interface ReceiptsTable {
  totals(deviceId: string): ReceiptTotals;
  has(deviceId: string, seqs: readonly number[]): Set<number>;
  after(note: NotedReceipt | undefined, limit: number): NotedReceipt[];
  add(deviceId: string, seqs: readonly number[], totals: ReceiptTotals): void;
}

export function prepareReceiptsTable(connection: DatabaseSync): ReceiptsTable {
  const totals = prepareQuery(
    connection,
    `SELECT count, digest FROM receipt_totals WHERE device = ? AND ${isReadable('count')}`,
  );
  const has = prepareQuery(
    connection,
    'SELECT seq FROM json_each(?) AS asked CROSS JOIN receipts ON seq = asked.value AND device = ?',
  );
  const after = prepareQuery(
    connection,
    'SELECT seq, device FROM receipts WHERE (seq, device) > (?, ?) ORDER BY seq, device LIMIT ?',
  );
  const add = prepareCommand(connection, 'INSERT OR IGNORE INTO receipts (seq, device) VALUES (?, ?)');
  const put = prepareCommand(
    connection,
    'INSERT OR REPLACE INTO receipt_totals (device, count, digest) VALUES (?, ?, ?)',
  );
  return {
    totals(deviceId) {
      const device = uuidToBytes(deviceId);
      const row = device === undefined ? undefined : totals.first(device);
      if (row === undefined) return { count: 0, digest: new Uint8Array(32) };
      return { count: row[0] as number, digest: row[1] as Uint8Array };
    },
    has(deviceId, seqs) {
      const device = uuidToBytes(deviceId);
      if (device === undefined) return new Set();
      return new Set(has.all(JSON.stringify(seqs), device).map(([seq]) => seq as number));
    },
    after(note, limit) {
      const device = (note === undefined ? undefined : uuidToBytes(note.deviceId)) ?? NO_DEVICE;
      return after
        .all(note?.seq ?? Number.MIN_SAFE_INTEGER, device, limit)
        .map((row) => ({ seq: row[0] as number, deviceId: uuidFromBytes(row[1] as Uint8Array) }));
    },
    add(deviceId, seqs, sum) {
      const device = uuidToBytes(deviceId);
      assert(device !== undefined, 'the id of a device is a UUID in lower case');
      for (const seq of seqs) add(seq, device);
      put(device, sum.count, sum.digest);
    },
  };
}
