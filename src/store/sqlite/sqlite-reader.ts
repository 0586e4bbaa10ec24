/**
 * The reading half of the port over prepared tables. The owner of the tables decides what it sees: the store, committed
 * data; a transaction, its own writes as well.
 */
import type { ReceiptTotals } from '#domain/receipt.ts';
import type { Position } from '#domain/sequence.ts';
import { setImmediate as turn } from 'node:timers/promises';
import { assert } from '#domain/errors.ts';
import { KNOWN_KEYS_MAX } from '#domain/limits.ts';
import type { MemberPlace } from '#domain/member.ts';
import type {
  AuditHead,
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
import type { DeviceFilter, FoundDevices, FoundKeys, KeyFilter, Reader } from '../transaction.ts';
import { findDevices } from './find-devices.ts';
import { findKeys } from './find-keys.ts';
import { WHOLE } from '../key-span.ts';
import type { Access } from './tables.ts';

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

  keysOfDevice(deviceId: string, afterSeq: number, limit: number): Promise<readonly StoredKey[]> {
    return this.#access(({ keys }) => keys.byDevice(deviceId, { ...WHOLE, above: afterSeq }, limit));
  }

  findKeys(filter: KeyFilter): Promise<FoundKeys> {
    return findKeys(this.#access, filter);
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

  findDevices(filter: DeviceFilter): Promise<FoundDevices> {
    return findDevices(this.#access, filter);
  }

  /** Counts in bites: other work runs between them. */
  async countDevices(groups: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const group of groups) {
      let total = 0;
      for (let after: NamePosition | undefined; ; ) {
        const { count, last } = await this.#access(({ trustedRows }) =>
          trustedRows.countDevices(group, after, SCAN_MEMBERS),
        );
        total += count;
        if (last === undefined) break;
        after = last;
        await turn();
      }
      counts.set(group, total);
    }
    return counts;
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

  refusalOf(memberId: string, seq: number): Promise<string | undefined> {
    return this.#access(({ cursors }) => cursors.refusalOf(memberId, seq));
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

  auditHead(): Promise<AuditHead> {
    return this.#access(({ audit }) => audit.head());
  }

  auditAfter(afterSeq: number, limit: number): Promise<readonly AuditRow[]> {
    return this.#access(({ audit }) => audit.after(afterSeq, limit));
  }

  auditTile(level: number, index: number): Promise<Uint8Array | undefined> {
    return this.#access(({ audit }) => audit.tile(level, index));
  }
}
