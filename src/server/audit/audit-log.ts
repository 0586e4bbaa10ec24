/**
 * Writes the audit log. Invariant: `record` resolves only when the event is durable, so a caller that awaits it before
 * answering never lets material out unrecorded. Events of one turn share one append and one flush.
 */
import type { Barrier } from '#crypto/barrier.ts';
import { type AuditEvent, auditLeafHash, encodeAuditEvent } from '#domain/audit-log.ts';
import { nextChainValue } from '#domain/sequence.ts';
import type { AuditRow } from '#store/rows.ts';
import type { Transaction } from '#store/transaction.ts';
import type { Store } from '#store/store.ts';
import { type Clock, isoTime } from '../environment/environment.ts';

const NO_MAC = new Uint8Array(0);
const MAC_PURPOSE = 'audit';

interface PendingAppend {
  readonly entries: string[];
  readonly written: Promise<void>;
}

export class AuditLog {
  readonly #store: Store;
  readonly #barrier: Barrier;
  readonly #clock: Clock;
  #pending: PendingAppend | undefined;

  constructor(store: Store, barrier: Barrier, clock: Clock) {
    this.#store = store;
    this.#barrier = barrier;
    this.#clock = clock;
  }

  /** Resolves when the event is durable. On a full disk it uses the space set aside. */
  record(event: AuditEvent): Promise<void> {
    this.#pending ??= this.#startAppend();
    this.#pending.entries.push(encodeAuditEvent(isoTime(this.#clock()), event));
    return this.#pending.written;
  }

  /** Appends in the caller's transaction: the event is durable exactly when the change it records is. */
  async append(transaction: Transaction, events: readonly AuditEvent[]): Promise<void> {
    const at = isoTime(this.#clock());
    await this.#append(
      transaction,
      events.map((event) => encodeAuditEvent(at, event)),
    );
  }

  /**
   * Events join the append until its work runs. The store may run the work again, so the work keeps its own entries.
   */
  #startAppend(): PendingAppend {
    const entries: string[] = [];
    const written = this.#store.write(
      (transaction) => {
        this.#pending = undefined;
        return this.#append(transaction, entries);
      },
      { reserve: true },
    );
    const pending: PendingAppend = { entries, written };
    // A write that fails before its work runs must not keep later events waiting for ever.
    written.catch(() => this.#forget(pending));
    return pending;
  }

  #forget(pending: PendingAppend): void {
    if (this.#pending === pending) this.#pending = undefined;
  }

  async #append(transaction: Transaction, entries: readonly string[]): Promise<void> {
    const head = await transaction.auditHead();
    let { chain } = head;
    const rows: AuditRow[] = entries.map((event, index) => {
      chain = nextChainValue(chain, auditLeafHash(event));
      // One MAC for each append: the chain value under it covers all rows before.
      const mac =
        index === entries.length - 1
          ? this.#barrier.mac(MAC_PURPOSE, auditMacForm(head.seq + index + 1, chain))
          : NO_MAC;
      return { seq: head.seq + index + 1, event, chain, mac };
    });
    await transaction.appendAudit(rows);
  }
}

/** What the barrier's MAC of an audit row covers. */
function auditMacForm(seq: number, chain: Uint8Array): string {
  return `${seq} ${Buffer.from(chain).toString('hex')}`;
}

/** Whether a row's MAC is right. Rows inside an append have none; the next row that has one covers them. */
export function auditMacFits(barrier: Barrier, row: AuditRow): boolean {
  return row.mac.length === 0 || barrier.macFits(MAC_PURPOSE, auditMacForm(row.seq, row.chain), row.mac);
}
