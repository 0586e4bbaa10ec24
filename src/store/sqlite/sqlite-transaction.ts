/**
 * What one work does to the repository. Invariants: it is used only while its work runs; numbers follow the head
 * without gaps; once one of its writes has failed, the work has failed, even if the work ignored it.
 */
import type { ReceiptTotals } from '#domain/receipt.ts';
import type { Position } from '#domain/sequence.ts';
import { assert, KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';
import type {
  AuditHead,
  AuditRow,
  AuditTile,
  Contact,
  Cursor,
  RefusedKey,
  ResealedKey,
  PlacedKey,
  StagedHead,
  StagedKey,
  StoredKey,
  TrustedKind,
  TrustedRow,
} from '../rows.ts';
import { STAGED_KEY_BYTES, type WorkTransaction } from '../work.ts';
import { repairKeys } from './repair-keys.ts';
import { SqliteReader } from './sqlite-reader.ts';
import type { TableName, Tables } from './tables.ts';

/** The ends of both sequences in the writing connection; read again after any rollback. */
export interface Heads {
  keys: Position | undefined;
  audit: AuditHead | undefined;
}

export interface TransactionPorts {
  readonly tables: Tables;
  readonly heads: Heads;
  /** Tables that works of this group changed, even if rolled back. */
  readonly changed: Set<TableName>;
  /** The error as its caller should see it. */
  readonly explain: (error: unknown) => unknown;
}

export class SqliteTransaction extends SqliteReader implements WorkTransaction {
  readonly #ports: TransactionPorts;
  #ended = false;
  #failure: unknown;
  #bytes = 0;

  constructor(ports: TransactionPorts) {
    super(async (read) => this.#do(read));
    this.#ports = ports;
  }

  /** SQLite's error that made it fail. */
  get failure(): unknown {
    return this.#failure;
  }

  /** An approximate number of appended bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  end(): void {
    this.#ended = true;
  }

  #do<T>(action: (tables: Tables) => T): T {
    assert(!this.#ended, 'a transaction is used only while its work runs');
    try {
      return action(this.#ports.tables);
    } catch (error) {
      this.#failure ??= error;
      throw this.#ports.explain(error);
    }
  }

  #change<N extends TableName, T>(name: N, action: (table: Tables[N], tables: Tables) => T): T {
    this.#ports.changed.add(name);
    return this.#do((tables) => action(tables[name], tables));
  }

  override async head(): Promise<Position> {
    return this.#do((tables) => this.#keysHead(tables));
  }

  #keysHead({ keys }: Tables): Position {
    const { heads } = this.#ports;
    heads.keys ??= keys.head();
    return heads.keys;
  }

  override async auditHead(): Promise<AuditHead> {
    return this.#do((tables) => this.#auditHead(tables));
  }

  #auditHead({ audit }: Tables): AuditHead {
    const { heads } = this.#ports;
    heads.audit ??= audit.head();
    return heads.audit;
  }

  async appendKeys(rows: Iterable<StoredKey>): Promise<void> {
    this.#change('keys', (keys, tables) => {
      let head = this.#keysHead(tables);
      for (const row of rows) {
        assert(row.seq === head.seq + 1, 'keys are numbered without gaps');
        keys.insert(row);
        head = row;
        this.#bytes += row.fields.length + row.sealed.length;
      }
      this.#ports.heads.keys = { seq: head.seq, chain: head.chain };
    });
  }

  async replaceSealed(rows: readonly ResealedKey[]): Promise<void> {
    this.#change('keys', (keys) => {
      assert(new Set(rows.map(({ seq }) => seq)).size === rows.length, 'a record is sealed anew once');
      for (const { seq, sealed } of rows) {
        assert(keys.replaceSealed(seq, sealed), 'only a record that is there is sealed anew');
        this.#bytes += sealed.length;
      }
    });
  }

  async repairKeys(rows: readonly StoredKey[]): Promise<void> {
    this.#change('keys', (keys, tables) => {
      repairKeys(keys, this.#keysHead(tables), rows);
      // The last row may be one of them.
      this.#ports.heads.keys = undefined;
      for (const row of rows) this.#bytes += row.fields.length + row.sealed.length;
    });
  }

  async appendAudit(rows: readonly AuditRow[]): Promise<void> {
    this.#change('audit', (audit, tables) => {
      let head = this.#auditHead(tables);
      for (const row of rows) {
        assert(row.seq === head.seq + 1, 'audit events are numbered without gaps');
        audit.insert(row);
        head = row;
        this.#bytes += row.event.length;
      }
      this.#ports.heads.audit = { seq: head.seq, chain: head.chain, mac: head.mac };
    });
  }

  async putAuditTile(tile: AuditTile): Promise<void> {
    this.#change('audit', (audit) => audit.putTile(tile));
  }

  async stageKeys(importId: string, keys: readonly StagedKey[]): Promise<string | undefined> {
    return this.#change('staged', (staged) => {
      const twice = staged.firstKnown(
        importId,
        keys.map(({ id }) => id),
      );
      if (twice !== undefined) return twice;
      staged.insert(importId, keys);
      for (const key of keys) this.#bytes += key.fields.length + key.sealed.length;
      return undefined;
    });
  }

  async stagedHeads(importId: string, limit: number): Promise<readonly StagedHead[]> {
    return this.#do(({ staged }) => staged.heads(importId, limit));
  }

  async appendStaged(importId: string, placed: readonly PlacedKey[], receivedFrom: string): Promise<void> {
    const last = placed.at(-1);
    if (last === undefined) return;
    this.#change('keys', (_, tables) => {
      const { seq } = this.#keysHead(tables);
      for (const [at, key] of placed.entries()) {
        assert(key.seq === seq + at + 1, 'keys are numbered without gaps');
      }
      const copied = tables.staged.copyToKeys(importId, placed, seq + 1, receivedFrom);
      // They were read from the stage a moment ago: its index and its rows disagree.
      if (copied !== placed.length) throw stageDamaged();
      this.#bytes += copied * STAGED_KEY_BYTES;
      this.#ports.heads.keys = { seq: last.seq, chain: last.chain };
    });
  }

  async dropStaged(importId: string, limit: number): Promise<number> {
    return this.#change('staged', (staged) => staged.drop(importId, limit));
  }

  async putRow(row: TrustedRow): Promise<void> {
    const at = this.#change('trustedRows', (trustedRows) => trustedRows.put(row));
    if (row.kind !== 'member') return;
    this.#change('contacts', (contacts) => contacts.place(row.id, at.place === 'device' ? at : null));
  }

  async deleteRow(kind: TrustedKind, id: string): Promise<void> {
    this.#change('trustedRows', (trustedRows) => trustedRows.delete(kind, id));
  }

  async putCursor(cursor: Cursor): Promise<void> {
    this.#change('cursors', (cursors) => cursors.put(cursor));
  }

  async deleteCursor(memberId: string, epoch: string): Promise<void> {
    this.#change('cursors', (cursors) => cursors.delete(memberId, epoch));
  }

  async putRefusedKeys(refused: readonly RefusedKey[]): Promise<void> {
    this.#change('cursors', (cursors) => {
      for (const key of refused) cursors.putRefused(key);
    });
  }

  async clearRefusedKeys(memberId: string): Promise<void> {
    this.#change('cursors', (cursors) => cursors.clearRefused(memberId));
  }

  async putContact(contact: Contact): Promise<void> {
    this.#change('contacts', (contacts) => contacts.put(contact));
  }

  async addReceipts(deviceId: string, seqs: readonly number[], totals: ReceiptTotals): Promise<void> {
    this.#change('receipts', (receipts) => receipts.add(deviceId, seqs, totals));
  }
}

function stageDamaged(): KeystairError {
  return new KeystairError('data-damaged', 'the staged keys of an import are damaged', {
    nextStep: step('verify-and-import'),
  });
}
