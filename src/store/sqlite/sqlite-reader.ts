/**
 * The reading half of the port over prepared tables. The owner of the tables decides what it sees: the store, committed
 * data; a transaction, its own writes as well.
 */
import type { ReceiptTotals } from '#domain/receipt.ts';
import type { Position } from '#domain/sequence.ts';
import { setImmediate as turn } from 'node:timers/promises';
import { assert } from '#domain/errors.ts';
import { KNOWN_KEYS_MAX, NAME_LENGTH_MAX } from '#domain/limits.ts';
import type { MemberPlace } from '#domain/member.ts';
import type {
  AuditRow,
  Contact,
  Cursor,
  MemberRow,
  NamePosition,
  NotedReceipt,
  RefusedKey,
  StoredKey,
  TrustedKind,
  TrustedRow,
} from '../rows.ts';
import type { KeyFilter, Reader } from '../transaction.ts';
import { fieldsPattern, fitsText, idPattern } from './key-text.ts';
import type { Tables } from './tables.ts';

/** Runs a short synchronous read; decides when, and on which tables. */
export type Access = <T>(read: (tables: Tables) => T) => Promise<T>;

/** Keys looked at between two turns of the event loop: some 10 ms. */
const SCAN_KEYS = 4096;
const FEW_KEYS = 64;
/** Members counted between two turns, in their index alone: some 5 ms. */
const SCAN_MEMBERS = 20_000;
/** Devices counted between two turns: 6 ms among a million keys. */
const COUNTS_A_TURN = 20;

export class SqliteReader implements Reader {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  head(): Promise<Position> {
    return this.#access(({ keys }) => keys.head());
  }

  chainAt(seq: number): Promise<Uint8Array | undefined> {
    return this.#access(({ keys }) => keys.chainAt(seq));
  }

  keyById(id: string): Promise<StoredKey | undefined> {
    return this.#access(({ keys }) => keys.byId(id));
  }

  async knownKeys(ids: readonly string[]): Promise<ReadonlyMap<string, { seq: number; digest: Uint8Array }>> {
    assert(ids.length <= KNOWN_KEYS_MAX, `at most ${KNOWN_KEYS_MAX} ids are asked for at once`);
    return this.#access(({ keys }) => keys.known(ids));
  }

  keysAfter(afterSeq: number, limit: number): Promise<readonly StoredKey[]> {
    return this.#access(({ keys }) => keys.after(afterSeq, limit));
  }

  async listKeys(filter: KeyFilter): Promise<readonly StoredKey[]> {
    const { deviceId, text, afterSeq = 0, limit } = filter;
    if (text !== undefined) return this.#findKeys(deviceId, text, afterSeq, limit);
    return this.#access(({ keys }) =>
      deviceId === undefined ? keys.after(afterSeq, limit) : keys.byDevice(deviceId, afterSeq, limit),
    );
  }

  /** Reads in bites, since text may be anywhere: other work runs between them. */
  async #findKeys(
    deviceId: string | undefined,
    text: string,
    afterSeq: number,
    limit: number,
  ): Promise<StoredKey[]> {
    const found: StoredKey[] = [];
    // Nothing that is searched is longer.
    if (text.length > NAME_LENGTH_MAX) return found;
    const fieldsLike = fieldsPattern(text);
    const idLike = idPattern(text);
    for (let at = afterSeq, end = at; found.length < limit; at = end) {
      const rows = await this.#access(({ keys }) => {
        // A few more than wanted: not every row that SQLite finds will match.
        const few = limit - found.length + FEW_KEYS;
        if (deviceId !== undefined) {
          const rows = keys.byDevice(deviceId, at, few);
          end = rows.at(-1)?.seq ?? at;
          return rows;
        }
        const next = keys.nextAfter(at);
        if (next === undefined) return [];
        const last = Math.min(next + SCAN_KEYS - 1, keys.head().seq);
        const rows = keys.scan(at, last, fieldsLike, idLike, few);
        end = rows.length === few ? rows.at(-1)!.seq : last;
        return rows;
      });
      found.push(...rows.filter((row) => fitsText(row, text)));
      if (end <= at) break;
      await turn();
    }
    return found.slice(0, limit);
  }

  async countKeysByDevice(deviceIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (let at = 0; at < deviceIds.length; at += COUNTS_A_TURN) {
      if (at > 0) await turn();
      await this.#access(({ keys }) => {
        for (const id of deviceIds.slice(at, at + COUNTS_A_TURN)) counts.set(id, keys.countByDevice(id));
      });
    }
    return counts;
  }

  row(kind: TrustedKind, id: string): Promise<TrustedRow | undefined> {
    return this.#access(({ trustedRows }) => trustedRows.get(kind, id));
  }

  rowsAfter(kind: TrustedKind, afterId: string, limit: number): Promise<readonly TrustedRow[]> {
    return this.#access(({ trustedRows }) => trustedRows.after(kind, afterId, limit));
  }

  rows(kind: TrustedKind): Promise<readonly TrustedRow[]> {
    return this.#access(({ trustedRows }) => trustedRows.all(kind));
  }

  membersByName(
    place: MemberPlace,
    after: NamePosition | undefined,
    limit: number,
  ): Promise<readonly MemberRow[]> {
    return this.#access(({ trustedRows }) => trustedRows.membersByName(place, after, limit));
  }

  /** Counts in bites: other work runs between them. */
  async countMembers(place: MemberPlace): Promise<number> {
    let total = 0;
    for (let after: NamePosition | undefined; ; ) {
      const { count, last } = await this.#access(({ trustedRows }) =>
        trustedRows.countMembers(place, after, SCAN_MEMBERS),
      );
      total += count;
      if (last === undefined) return total;
      after = last;
      await turn();
    }
  }

  rowKinds(): Promise<readonly string[]> {
    return this.#access(({ trustedRows }) => trustedRows.kinds());
  }

  cursor(memberId: string, epoch: string): Promise<Cursor | undefined> {
    return this.#access(({ cursors }) => cursors.get(memberId, epoch));
  }

  cursors(memberId: string): Promise<readonly Cursor[]> {
    return this.#access(({ cursors }) => cursors.ofMember(memberId));
  }

  refusedKeys(memberId: string, limit: number): Promise<readonly RefusedKey[]> {
    return this.#access(({ cursors }) => cursors.refused(memberId, limit));
  }

  stagedImports(): Promise<readonly string[]> {
    return this.#access(({ staged }) => staged.imports());
  }

  countStaged(importId: string): Promise<number> {
    return this.#access(({ staged }) => staged.count(importId));
  }

  contact(id: string): Promise<Contact | undefined> {
    return this.#access(({ contacts }) => contacts.get(id));
  }

  receiptTotals(deviceId: string): Promise<ReceiptTotals> {
    return this.#access(({ receipts }) => receipts.totals(deviceId));
  }

  hasReceipts(deviceId: string, seqs: readonly number[]): Promise<ReadonlySet<number>> {
    return this.#access(({ receipts }) => receipts.has(deviceId, seqs));
  }

  notedReceipts(after: NotedReceipt | undefined, limit: number): Promise<readonly NotedReceipt[]> {
    return this.#access(({ receipts }) => receipts.after(after, limit));
  }

  auditHead(): Promise<Position> {
    return this.#access(({ audit }) => audit.head());
  }

  auditAfter(afterSeq: number, limit: number): Promise<readonly AuditRow[]> {
    return this.#access(({ audit }) => audit.after(afterSeq, limit));
  }
}
