/**
 * What one work does to the repository. Its writes wait in memory until its group is sent. A question that needs them in
 * the database sends them first, behind a savepoint, so that a work that fails takes only its own back.
 *
 * Invariants: it is used only while its work runs; numbers follow the head without gaps; once one of its writes has
 * failed, the work has failed, even if the work ignored it.
 */
import { assert } from '#domain/errors.ts';
import type { ReceiptTotals } from '#domain/receipt.ts';
import type { Position } from '#domain/sequence.ts';
import { UUID_PATTERN } from '#domain/uuid.ts';
import type {
  AuditHead,
  AuditRow,
  AuditTile,
  Contact,
  Cursor,
  PlacedKey,
  RefusedKey,
  ResealedKey,
  StagedHead,
  StagedKey,
  StoredKey,
  TrustedKind,
  TrustedRow,
} from '../rows.ts';
import { STAGED_KEY_BYTES, type WorkTransaction } from '../work.ts';
import {
  appendStaged,
  dropStaged,
  putRefusedKeys,
  repairKeys,
  replaceSealed,
  stagedHeads,
  stageKeys,
} from './direct-writes.ts';
import type { GroupState } from './group-state.ts';
import { isHeardOf } from './heard-rows.ts';
import type { Answer, Row, Value } from './session.ts';
import type { TableName } from './tables.ts';
import { WaitingReader } from './waiting-reader.ts';
import { WriteSet } from './write-set.ts';

export class PostgresTransaction extends WaitingReader implements WorkTransaction {
  readonly #group: GroupState;
  readonly #own: WriteSet;
  readonly #keysBefore: Position;
  readonly #auditBefore: AuditHead;
  #ended = false;
  #failure: unknown;
  #refused = false;
  #saved = false;
  #bytes = 0;

  constructor(group: GroupState) {
    const own = new WriteSet();
    super(
      { own, written: group.written, absent: group.absent, requireOpen: () => this.#requireOpen() },
      (tables, text, values) => this.#ask(tables, text, values),
      (_, text, values) => this.#askBeside(text, values),
    );
    this.#own = own;
    this.#group = group;
    this.#keysBefore = group.keys;
    this.#auditBefore = group.audit;
  }

  /** What made it fail, whether the work looked or not. */
  get failure(): unknown {
    return this.#failure;
  }

  /** A statement failed outside of a savepoint: nothing of the group can be committed. */
  get undoesGroup(): boolean {
    return this.#refused && !this.#saved;
  }

  get usedSavepoint(): boolean {
    return this.#saved;
  }

  /** An approximate number of appended bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  end(): void {
    this.#ended = true;
  }

  /** After it, the group holds what the work wrote. */
  async keep(): Promise<void> {
    this.#group.written.take(this.#own);
    if (this.#saved) await this.#group.send('RELEASE SAVEPOINT work');
  }

  /** After it, the group is as before the work. */
  async undo(): Promise<void> {
    this.#group.keys = this.#keysBefore;
    this.#group.audit = this.#auditBefore;
    // Its appended keys are not recorded, but what else it learnt may be its own doing.
    if (!this.#saved) return;
    this.#group.absent.clear();
    await this.#group.send('ROLLBACK TO SAVEPOINT work');
  }

  async #ask(tables: readonly TableName[], text: string, values?: readonly Value[]): Promise<readonly Row[]> {
    this.#requireOpen();
    if (this.#own.has(tables) || this.#group.written.has(tables)) await this.#sendAll();
    return (await this.#send(text, values)).rows;
  }

  async #askBeside(text: string, values?: readonly Value[]): Promise<readonly Row[]> {
    this.#requireOpen();
    return (await this.#send(text, values)).rows;
  }

  #requireOpen(): void {
    assert(!this.#ended, 'a transaction is used only while its work runs');
  }

  async #send(text: string, values?: readonly Value[]): Promise<Answer> {
    try {
      return await this.#group.send(text, values);
    } catch (error) {
      this.#refused = true;
      this.#failure ??= error;
      throw error;
    }
  }

  /** Brings the database up to this moment, behind a savepoint of this work. */
  async #sendAll(): Promise<void> {
    const send = (text: string, values?: readonly Value[]): Promise<Answer> => this.#send(text, values);
    if (!this.#saved) {
      await this.#group.written.send(send);
      await send('SAVEPOINT work');
      this.#saved = true;
    }
    await this.#own.send(send);
  }

  /** Runs a statement on the tables themselves. */
  async #direct<T>(action: (send: GroupState['send']) => Promise<T>): Promise<T> {
    this.#requireOpen();
    try {
      await this.#sendAll();
      return await action((text, values) => this.#send(text, values));
    } catch (error) {
      this.#failure ??= error;
      throw error;
    }
  }

  /** Notes what will be sent. */
  #change(action: () => void): void {
    this.#requireOpen();
    try {
      action();
    } catch (error) {
      this.#failure ??= error;
      throw error;
    }
  }

  override async head(): Promise<Position> {
    this.#requireOpen();
    return this.#group.keys;
  }

  override async auditHead(): Promise<AuditHead> {
    this.#requireOpen();
    return this.#group.audit;
  }

  async appendKeys(given: Iterable<StoredKey>): Promise<void> {
    const rows = [...given];
    // Found here, a known id fails this work alone; found at the end, it would undo the group.
    const known = await this.#knownOrTwice(rows);
    this.#change(() => {
      assert(known === undefined, 'a key is appended once, under a number of its own');
      let head = this.#group.keys;
      for (const row of rows) {
        assert(row.seq === head.seq + 1, 'keys are numbered without gaps');
        this.#own.keys.set(row.id, row);
        this.#group.absent.delete(row.id);
        head = row;
      }
      this.#countKeys(rows);
      this.#group.keys = { seq: head.seq, chain: head.chain };
    });
  }

  async #knownOrTwice(rows: readonly StoredKey[]): Promise<string | undefined> {
    const ids = rows.map(({ id }) => id);
    const seen = new Set(await this.knownKeys(ids).then((known) => known.keys()));
    return ids.find((id) => seen.size === seen.add(id).size);
  }

  async replaceSealed(rows: readonly ResealedKey[]): Promise<void> {
    await this.#direct((send) => replaceSealed(send, rows));
    for (const { sealed } of rows) this.#bytes += sealed.length;
  }

  async repairKeys(rows: readonly StoredKey[]): Promise<void> {
    this.#group.keys = await this.#direct((send) => repairKeys(send, this.#group.keys, rows));
    this.#group.absent.clear();
    this.#countKeys(rows);
  }

  async stageKeys(importId: string, keys: readonly StagedKey[]): Promise<string | undefined> {
    const twice = await this.#direct((send) => stageKeys(send, this.#group.process, importId, keys));
    if (twice === undefined) this.#countKeys(keys);
    return twice;
  }

  async stagedHeads(importId: string, limit: number): Promise<readonly StagedHead[]> {
    if (!UUID_PATTERN.test(importId)) return [];
    return this.#direct((send) => stagedHeads(send, importId, limit));
  }

  async appendStaged(importId: string, placed: readonly PlacedKey[], receivedFrom: string): Promise<void> {
    const last = placed.at(-1);
    if (last === undefined) return;
    await this.#direct(async (send) => {
      const { seq } = this.#group.keys;
      for (const [at, key] of placed.entries()) {
        assert(key.seq === seq + at + 1, 'keys are numbered without gaps');
      }
      await appendStaged(send, importId, placed, receivedFrom);
    });
    this.#bytes += placed.length * STAGED_KEY_BYTES;
    for (const { id } of placed) this.#group.absent.delete(id);
    this.#group.keys = { seq: last.seq, chain: last.chain };
  }

  async dropStaged(importId: string, limit: number): Promise<number> {
    if (!UUID_PATTERN.test(importId)) return 0;
    return this.#direct((send) => dropStaged(send, importId, limit));
  }

  #countKeys(rows: readonly Pick<StoredKey, 'fields' | 'sealed'>[]): void {
    for (const { fields, sealed } of rows) this.#bytes += fields.length + sealed.length;
  }

  async putRow(row: TrustedRow): Promise<void> {
    this.#group.isChanged ||= isHeardOf(row);
    this.#change(() => {
      this.#own.rows.set(WriteSet.rowName(row.kind, row.id), row);
      this.#bytes += row.body.length;
    });
  }

  async deleteRow(kind: TrustedKind, id: string): Promise<void> {
    this.#group.isChanged ||= isHeardOf({ kind, id, body: '' });
    this.#change(() => this.#own.rows.set(WriteSet.rowName(kind, id), null));
  }

  async putCursor(cursor: Cursor): Promise<void> {
    this.#change(() => this.#own.cursors.set(WriteSet.cursorName(cursor.memberId, cursor.epoch), cursor));
  }

  async deleteCursor(memberId: string, epoch: string): Promise<void> {
    this.#change(() => this.#own.cursors.set(WriteSet.cursorName(memberId, epoch), null));
  }

  async putRefusedKeys(refused: readonly RefusedKey[]): Promise<void> {
    if (refused.length === 0) return;
    await this.#direct((send) => putRefusedKeys(send, refused));
  }

  async clearRefusedKeys(memberId: string): Promise<void> {
    await this.#direct((send) => send('DELETE FROM keystair.refused_keys WHERE member = $1', [memberId]));
  }

  async putContact(contact: Contact): Promise<void> {
    this.#change(() => this.#own.contacts.set(contact.id, contact));
  }

  async addReceipts(deviceId: string, seqs: readonly number[], totals: ReceiptTotals): Promise<void> {
    this.#change(() => this.#own.addReceipts(deviceId, seqs, totals));
  }

  async appendAudit(rows: readonly AuditRow[]): Promise<void> {
    this.#change(() => {
      let head = this.#group.audit;
      for (const row of rows) {
        assert(row.seq === head.seq + 1, 'audit events are numbered without gaps');
        this.#own.audit.push(row);
        head = row;
        this.#bytes += row.event.length;
      }
      this.#group.audit = { seq: head.seq, chain: head.chain, mac: head.mac };
    });
  }

  async putAuditTile(tile: AuditTile): Promise<void> {
    this.#change(() => this.#own.tiles.set(WriteSet.tileName(tile.level, tile.index), tile));
  }
}
