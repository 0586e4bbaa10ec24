/**
 * What works have written and the database has not been told yet, in memory. Many works then cost one statement a table.
 * Invariant: each table is told by itself, and what was told is forgotten here.
 */
import { UUID_PATTERN } from '#domain/uuid.ts';
import { assert } from '#domain/errors.ts';
import type { ReceiptTotals } from '#domain/receipt.ts';
import type { AuditRow, AuditTile, Contact, Cursor, StoredKey, TrustedKind, TrustedRow } from '../rows.ts';
import { placedRow } from './placed-row.ts';
import { all, placeDevices, type Send } from './send-rows.ts';
import type { Answer } from './session.ts';
import {
  AUDIT,
  AUDIT_TILES,
  CONTACTS,
  CURSORS,
  insertRows,
  KEYS,
  RECEIPTS,
  RECEIPT_TOTALS,
  removeRows,
  type TableForm,
  TRUSTED_ROWS,
} from './table-forms.ts';
import type { TableName } from './tables.ts';

interface Receipts {
  readonly seqs: Set<number>;
  totals: ReceiptTotals;
}

export class WriteSet {
  /** Appended keys by id, in order of number. */
  readonly keys = new Map<string, StoredKey>();
  readonly audit: AuditRow[] = [];
  readonly tiles = new Map<string, AuditTile>();
  /** Null where the row is deleted. */
  readonly rows = new Map<string, TrustedRow | null>();
  readonly cursors = new Map<string, Cursor | null>();
  readonly contacts = new Map<string, Contact>();
  readonly receipts = new Map<string, Receipts>();

  static rowName(kind: TrustedKind, id: string): string {
    return `${kind}\0${id}`;
  }

  static cursorName(memberId: string, epoch: string): string {
    return `${memberId}\0${epoch}`;
  }

  static tileName(level: number, index: number): string {
    return `${level}\0${index}`;
  }

  addReceipts(deviceId: string, seqs: readonly number[], totals: ReceiptTotals): void {
    assert(UUID_PATTERN.test(deviceId), 'the id of a device is a UUID in lower case');
    const noted = this.receipts.get(deviceId) ?? { seqs: new Set(), totals };
    for (const seq of seqs) noted.seqs.add(seq);
    noted.totals = totals;
    this.receipts.set(deviceId, noted);
  }

  /** Takes over what a work that succeeded has written after this. */
  take(later: WriteSet): void {
    for (const [id, key] of later.keys) this.keys.set(id, key);
    for (const row of later.audit) this.audit.push(row);
    for (const [name, tile] of later.tiles) this.tiles.set(name, tile);
    for (const [name, row] of later.rows) this.rows.set(name, row);
    for (const [name, cursor] of later.cursors) this.cursors.set(name, cursor);
    for (const [id, contact] of later.contacts) this.contacts.set(id, contact);
    for (const [id, { seqs, totals }] of later.receipts) this.addReceipts(id, [...seqs], totals);
  }

  /** Whether something of these tables waits to be sent. */
  has(tables: readonly TableName[]): boolean {
    return tables.some((name) => this.#sizeOf(name) > 0);
  }

  #sizeOf(name: TableName): number {
    switch (name) {
      case 'keys':
        return this.keys.size;
      case 'trusted_rows':
        return this.rows.size;
      case 'cursors':
        return this.cursors.size;
      case 'contacts':
        // Rows of members place their contacts.
        return this.contacts.size + this.rows.size;
      case 'receipts':
      case 'receipt_totals':
        return this.receipts.size;
      case 'audit':
        return this.audit.length;
      case 'audit_tiles':
        return this.tiles.size;
      case 'staged_keys':
      case 'refused_keys':
        return 0;
    }
  }

  /** Sends everything, a statement a table, and forgets it. */
  async send(send: Send): Promise<void> {
    const sent: Promise<Answer>[] = [];
    const insert = <T>(form: TableForm<T>, rows: readonly T[]): void => {
      if (rows.length > 0) sent.push(insertRows(send, form, rows));
    };
    insert(KEYS, [...this.keys.values()]);
    const placed = this.#replace(send, sent, TRUSTED_ROWS, this.rows, placedRow);
    sent.push(...placeDevices(send, placed));
    this.#replace(send, sent, CURSORS, this.cursors, (cursor) => cursor);
    insert(CONTACTS, [...this.contacts.values()]);
    const noted = [...this.receipts];
    insert(
      RECEIPTS,
      noted.flatMap(([deviceId, { seqs }]) => [...seqs].map((seq) => ({ seq, deviceId }))),
    );
    insert(
      RECEIPT_TOTALS,
      noted.map(([deviceId, { totals }]) => ({ deviceId, ...totals })),
    );
    insert(AUDIT, this.audit.splice(0));
    insert(AUDIT_TILES, [...this.tiles.values()]);
    for (const table of [this.keys, this.rows, this.cursors, this.contacts, this.receipts, this.tiles])
      table.clear();
    await all(sent);
  }

  /** Removes and writes the rows of a table whose names hold their keys. @returns those that are written. */
  #replace<T, Placed>(
    send: Send,
    sent: Promise<Answer>[],
    form: TableForm<Placed>,
    rows: ReadonlyMap<string, T | null>,
    placed: (row: T) => Placed,
  ): readonly Placed[] {
    const removed: string[][] = [];
    const put: Placed[] = [];
    for (const [name, row] of rows) {
      if (row === null) removed.push(name.split('\0'));
      else put.push(placed(row));
    }
    if (removed.length > 0) sent.push(removeRows(send, form, removed));
    if (put.length > 0) sent.push(insertRows(send, form, put));
    return put;
  }
}
