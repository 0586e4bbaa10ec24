/**
 * Reads of a transaction that are answered from what waits to be sent, laid over what the database says. All other
 * questions have to send it first.
 */
import type { ReceiptTotals } from '#domain/receipt.ts';
import type { Contact, Cursor, StoredKey, TrustedKind, TrustedRow } from '../rows.ts';
import type { Ask } from './ask.ts';
import { PostgresReader } from './postgres-reader.ts';
import { WriteSet } from './write-set.ts';

/** What waits to be sent. */
export interface Waiting {
  /** What this work has written, and works before it in its group. */
  readonly own: WriteSet;
  readonly written: WriteSet;
  /** Ids that are not recorded, as the database said behind the lock of this group. */
  readonly absent: Set<string>;
  readonly requireOpen: () => void;
}

export class WaitingReader extends PostgresReader {
  readonly #waiting: Waiting;
  /** Reads the tables as they are, where what waits was looked at already. */
  readonly #beside: PostgresReader;

  /** @param ask sends what waits first. @param askBeside does not. */
  constructor(waiting: Waiting, ask: Ask, askBeside: Ask) {
    super(ask);
    this.#waiting = waiting;
    this.#beside = new PostgresReader(askBeside);
  }

  override async keyById(id: string): Promise<StoredKey | undefined> {
    this.#waiting.requireOpen();
    return this.#waiting.own.keys.get(id) ?? this.#waiting.written.keys.get(id) ?? this.#beside.keyById(id);
  }

  override async knownKeys(
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, { seq: number; digest: Uint8Array }>> {
    this.#waiting.requireOpen();
    const found = new Map<string, { seq: number; digest: Uint8Array }>();
    const asked: string[] = [];
    for (const id of ids) {
      const waiting = this.#waiting.own.keys.get(id) ?? this.#waiting.written.keys.get(id);
      if (waiting !== undefined) found.set(id, { seq: waiting.seq, digest: waiting.digest });
      else if (!this.#waiting.absent.has(id)) asked.push(id);
    }
    if (ids.length > 0 && asked.length === 0) return found;
    const known = await this.#beside.knownKeys(asked);
    for (const id of asked) {
      const key = known.get(id);
      if (key === undefined) this.#waiting.absent.add(id);
      else found.set(id, key);
    }
    return found;
  }

  override async row(kind: TrustedKind, id: string): Promise<TrustedRow | undefined> {
    this.#waiting.requireOpen();
    const name = WriteSet.rowName(kind, id);
    for (const { rows } of [this.#waiting.own, this.#waiting.written]) {
      const waiting = rows.get(name);
      if (waiting !== undefined) return waiting ?? undefined;
    }
    return this.#beside.row(kind, id);
  }

  override async cursor(memberId: string, epoch: string): Promise<Cursor | undefined> {
    this.#waiting.requireOpen();
    const name = WriteSet.cursorName(memberId, epoch);
    for (const { cursors } of [this.#waiting.own, this.#waiting.written]) {
      const waiting = cursors.get(name);
      if (waiting !== undefined) return waiting ?? undefined;
    }
    return this.#beside.cursor(memberId, epoch);
  }

  override async contact(id: string): Promise<Contact | undefined> {
    this.#waiting.requireOpen();
    return (
      this.#waiting.own.contacts.get(id) ?? this.#waiting.written.contacts.get(id) ?? this.#beside.contact(id)
    );
  }

  override async receiptTotals(deviceId: string): Promise<ReceiptTotals> {
    this.#waiting.requireOpen();
    const waiting = this.#waiting.own.receipts.get(deviceId) ?? this.#waiting.written.receipts.get(deviceId);
    return waiting?.totals ?? this.#beside.receiptTotals(deviceId);
  }

  override async hasReceipts(deviceId: string, seqs: readonly number[]): Promise<ReadonlySet<number>> {
    this.#waiting.requireOpen();
    const found = new Set<number>();
    for (const { receipts } of [this.#waiting.own, this.#waiting.written]) {
      const noted = receipts.get(deviceId)?.seqs;
      for (const seq of seqs) if (noted?.has(seq) === true) found.add(seq);
    }
    const asked = seqs.filter((seq) => !found.has(seq));
    for (const seq of await this.#beside.hasReceipts(deviceId, asked)) found.add(seq);
    return found;
  }

  override async auditTile(level: number, index: number): Promise<Uint8Array | undefined> {
    this.#waiting.requireOpen();
    const name = WriteSet.tileName(level, index);
    const waiting = this.#waiting.own.tiles.get(name) ?? this.#waiting.written.tiles.get(name);
    return waiting?.hashes ?? this.#beside.auditTile(level, index);
  }
}
