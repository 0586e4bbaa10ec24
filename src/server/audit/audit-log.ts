/**
 * Writes the audit log: a Merkle tree of which each line is a leaf.
 *
 * Invariants: `record` resolves only when the event is durable, so a caller that awaits it before answering never lets
 * material out unrecorded. The last line of each append carries the barrier's MAC over the whole tree up to that line.
 * Events of one turn share one append and one flush.
 *
 * An append costs one hash per line and, on average, one more per node. The frontier that this needs is kept in memory
 * with its MAC: if the store undoes an append, the MAC of the last line tells which frontier is current.
 */
import type { Barrier } from '#crypto/barrier.ts';
import { type AuditEvent, encodeAuditEvent } from '#domain/audit-log.ts';
import { assert } from '#domain/errors.ts';
import { toHex } from '#domain/hex.ts';
import { appendLeaf, type Frontier, leafHash, rootOf, type SizedRoot } from '#domain/merkle-tree.ts';
import { sha256 } from '#domain/sha-256.ts';
import type { AuditHead, AuditRow } from '#store/rows.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import type { Store } from '#store/store.ts';
import { type Clock, isoTime } from '../environment/environment.ts';
import { frontierOfLines } from './lines.ts';
import { storeTiles, TileReader } from './tiles.ts';

const NOTHING = new Uint8Array(0);
const MAC_PURPOSE = 'audit-tree';
/** One that is durable, one that is not yet, and a few that may be undone. Older ones are read again. */
const FRONTIERS_KEPT = 4;

interface PendingAppend {
  readonly entries: string[];
  /** Their names. */
  readonly events: string[];
  readonly written: Promise<void>;
}

interface KnownFrontier extends Pick<AuditHead, 'seq' | 'mac'> {
  readonly frontier: Frontier;
}

export class AuditLog {
  readonly #store: Store;
  readonly #barrier: Barrier;
  readonly #clock: Clock;
  #pending: PendingAppend | undefined;
  readonly #appended = new WeakMap<Transaction, readonly string[]>();
  #onRecorded: (events: readonly string[]) => void = () => {};
  /** Newest first. */
  #known: readonly KnownFrontier[] = [];

  constructor(store: Store, barrier: Barrier, clock: Clock) {
    this.#store = store;
    this.#barrier = barrier;
    this.#clock = clock;
  }

  /** Resolves when the event is durable. On a full disk it uses the space set aside. */
  record(event: AuditEvent): Promise<void> {
    this.#pending ??= this.#startAppend();
    this.#pending.entries.push(encodeAuditEvent(isoTime(this.#clock()), event));
    this.#pending.events.push(event.event);
    return this.#pending.written;
  }

  /** Appends in the caller's transaction: the event is durable exactly when the change it records is. */
  async append(transaction: Transaction, events: readonly AuditEvent[]): Promise<void> {
    const at = isoTime(this.#clock());
    await this.#append(
      transaction,
      events.map((event) => encodeAuditEvent(at, event)),
    );
    const before = this.#appended.get(transaction) ?? [];
    this.#appended.set(transaction, [...before, ...events.map(({ event }) => event)]);
  }

  /** @param listener is called with the names of events that `record` made durable. */
  onRecorded(listener: (events: readonly string[]) => void): void {
    this.#onRecorded = listener;
  }

  /** The names of the events appended in this transaction; undefined if there were none. */
  appendedIn(transaction: Transaction): readonly string[] | undefined {
    return this.#appended.get(transaction);
  }

  /** How many lines there are, and the root over them, as this reader sees them. */
  async treeHead(reader: Reader): Promise<SizedRoot> {
    const { seq, frontier } = await this.#frontier(reader);
    return { size: seq, root: rootOf(frontier) };
  }

  /** Called at the start and after a restore, with the frontier of the existing lines. */
  know(head: AuditHead, frontier: Frontier): void {
    this.#remember({ seq: head.seq, mac: head.mac, frontier });
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
    const pending: PendingAppend = { entries, events: [], written };
    written.then(
      () => this.#onRecorded(pending.events),
      // If a write fails before its work runs, later events must not wait for it for ever.
      () => this.#forget(pending),
    );
    return pending;
  }

  #forget(pending: PendingAppend): void {
    if (this.#pending === pending) this.#pending = undefined;
  }

  async #append(transaction: Transaction, entries: readonly string[]): Promise<void> {
    if (entries.length === 0) return;
    const { seq, frontier: before } = await this.#frontier(transaction);
    let frontier = before;
    let size = seq;
    for (const entry of entries) {
      frontier = appendLeaf(frontier, size, leafHash(entry));
      size += 1;
    }
    // One MAC per append suffices: its tree covers all lines before.
    const mac = this.#barrier.mac(MAC_PURPOSE, auditMacForm(size, frontier));
    const rows = entries.map((event, index): AuditRow => {
      const isLast = index === entries.length - 1;
      return { seq: seq + index + 1, event, chain: NOTHING, mac: isLast ? mac : NOTHING };
    });
    await transaction.appendAudit(rows);
    await storeTiles(transaction, seq, size);
    this.#remember({ seq: size, mac, frontier });
  }

  async #frontier(reader: Reader): Promise<KnownFrontier> {
    const { seq, mac, chain } = await reader.auditHead();
    const known = this.#known.find((one) => one.seq === seq && Buffer.compare(one.mac, mac) === 0);
    if (known !== undefined) return known;
    assert(chain.length === 0, 'the tree exists before lines are appended');
    return { seq, mac, frontier: await storedFrontier(reader, seq) };
  }

  #remember(newest: KnownFrontier): void {
    this.#known = [newest, ...this.#known.slice(0, FRONTIERS_KEPT - 1)];
  }
}

/** Read from the tiles, or computed from all lines if a tile is damaged. */
async function storedFrontier(reader: Reader, size: number): Promise<Frontier> {
  try {
    return await new TileReader(reader).frontier(size);
  } catch {
    return frontierOfLines(reader, size);
  }
}

/** What the barrier's MAC of an audit row covers. */
function auditMacForm(size: number, frontier: Frontier): string {
  return `${size} ${toHex(sha256(Buffer.concat(frontier)))}`;
}

/** Whether the row's MAC confirms this tree. */
export function auditMacFits(barrier: Barrier, { seq, mac }: AuditHead, frontier: Frontier): boolean {
  return barrier.macFits(MAC_PURPOSE, auditMacForm(seq, frontier), mac);
}
