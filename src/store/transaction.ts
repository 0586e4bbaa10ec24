/** Reading a repository, and changing it within one transaction. */
import type { ReceiptTotals } from '#domain/receipt.ts';
import type { Position } from '#domain/sequence.ts';
import type { KeyKind } from '#domain/key-kind.ts';
import type { DeviceOrder } from '#domain/list-order.ts';
import type { DeviceState, MemberPlace } from '#domain/member.ts';
import type {
  AuditHead,
  AuditRow,
  AuditTile,
  Contact,
  Cursor,
  DevicePosition,
  FoundDevice,
  MemberRow,
  NamePosition,
  NotedReceipt,
  PlacedKey,
  RefusedKey,
  ResealedKey,
  StagedHead,
  StagedKey,
  StoredKey,
  TrustedKind,
  TrustedRow,
} from './rows.ts';

export type KeyOrder = 'oldest' | 'newest';

/** A stretch of the sequence, both ends included. */
export interface KeyNumbers {
  readonly from: number;
  readonly to: number;
}

/** Keys to which all of this applies, in order of number. */
export interface KeyFilter {
  readonly deviceId?: string | undefined;
  readonly kind?: KeyKind | undefined;
  /** Of a managed device whose row names one of these groups. The caller verifies each by that row. */
  readonly groups?: readonly string[] | undefined;
  /** Part of the id, device name or locator, case-insensitive. */
  readonly text?: string | undefined;
  /** Recorded then or later, and before then: Unix ms. */
  readonly recordedSince?: number | undefined;
  readonly recordedUntil?: number | undefined;
  /** Numbered above this, and below that. */
  readonly above?: number | undefined;
  readonly below?: number | undefined;
  /** In one of these stretches, which rise and do not touch. */
  readonly numbers?: readonly KeyNumbers[] | undefined;
  /** Which comes first; the oldest unless said otherwise. */
  readonly order?: KeyOrder | undefined;
  readonly limit: number;
}

/** What one search found: it looks at a bounded number of keys, so it may find fewer than were asked for. */
export interface FoundKeys {
  readonly keys: readonly StoredKey[];
  /** The last number searched, from which the next search continues; null if nothing is left to search. */
  readonly searchedTo: number | null;
}

/** Devices that were not removed, to which all of this applies. */
export interface DeviceFilter {
  readonly order: DeviceOrder;
  /** In one of these states. */
  readonly states?: readonly DeviceState[] | undefined;
  /** Their rows name one of these groups. */
  readonly groups?: readonly string[] | undefined;
  /** Part of the name, as names are sorted, or of the id. */
  readonly text?: { readonly sortName: string; readonly id: string } | undefined;
  /** Heard then or later; heard before then, or never: Unix ms. */
  readonly heardSince?: number | undefined;
  readonly silentSince?: number | undefined;
  /** Behind this one. */
  readonly after?: DevicePosition | undefined;
  readonly limit: number;
}

/** What one search found: it looks at a bounded number of devices, so it may find fewer than were asked for. */
export interface FoundDevices {
  /** The caller verifies each by its body. */
  readonly devices: readonly FoundDevice[];
  /** Where the next search continues; null if nothing is left to search. */
  readonly searchedTo: DevicePosition | null;
}

export interface Reader {
  head(): Promise<Position>;
  /** The chain value at a number: zeros at 0, undefined beyond the head. */
  chainAt(seq: number): Promise<Uint8Array | undefined>;
  keyById(id: string): Promise<StoredKey | undefined>;
  /** Numbers and digests, by id, of those ids that are here. At most 10,000 ids. */
  knownKeys(ids: readonly string[]): Promise<ReadonlyMap<string, { seq: number; digest: Uint8Array }>>;
  /** Keys numbered above `afterSeq`, in order. */
  keysAfter(afterSeq: number, limit: number): Promise<readonly StoredKey[]>;
  /** Keys of a device numbered above `afterSeq`, in order. */
  keysOfDevice(deviceId: string, afterSeq: number, limit: number): Promise<readonly StoredKey[]>;
  findKeys(filter: KeyFilter): Promise<FoundKeys>;
  countKeysByDevice(deviceIds: readonly string[]): Promise<ReadonlyMap<string, number>>;

  row(kind: TrustedKind, id: string): Promise<TrustedRow | undefined>;
  rows(kind: TrustedKind): Promise<readonly TrustedRow[]>;

  /** The next rows of a kind in order of id, from the first id above `afterId` on: for kinds that may have a million. */
  rowsAfter(kind: TrustedKind, afterId: string, limit: number): Promise<readonly TrustedRow[]>;
  /** Members of one place in order of name, after `after`. The caller verifies each by its body. */
  membersByName(
    place: MemberPlace,
    after: NamePosition | undefined,
    limit: number,
  ): Promise<readonly MemberRow[]>;
  countMembers(place: MemberPlace): Promise<number>;
  findDevices(filter: DeviceFilter): Promise<FoundDevices>;
  /** How many devices that were not removed name each of these groups. */
  countDevices(groups: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** The kinds that have rows; a kind outside `TrustedKind` where a person, or the disk, altered one. */
  rowKinds(): Promise<readonly string[]>;

  cursor(memberId: string, epoch: string): Promise<Cursor | undefined>;
  /** All epochs of a member, by rank. */
  cursors(memberId: string): Promise<readonly Cursor[]>;
  refusedKeys(memberId: string, limit: number): Promise<readonly RefusedKey[]>;
  /** Why the key of that number was refused, where it was. */
  refusalOf(memberId: string, seq: number): Promise<string | undefined>;

  /** Ids of the imports that have staged keys. */
  stagedImports(): Promise<readonly string[]>;
  countStaged(importId: string): Promise<number>;

  contact(id: string): Promise<Contact | undefined>;

  receiptTotals(deviceId: string): Promise<ReceiptTotals>;
  /** Which of these key numbers the device holds a receipt for. */
  hasReceipts(deviceId: string, seqs: readonly number[]): Promise<ReadonlySet<number>>;

  /** Notes of receipts after that one, by number and then device. */
  notedReceipts(after: NotedReceipt | undefined, limit: number): Promise<readonly NotedReceipt[]>;

  /** Number 0 with nothing in it where the log is empty. */
  auditHead(): Promise<AuditHead>;
  auditAfter(afterSeq: number, limit: number): Promise<readonly AuditRow[]>;
  auditTile(level: number, index: number): Promise<Uint8Array | undefined>;
}

/** Reads inside a transaction see its own writes. */
export interface Transaction extends Reader {
  /** Appends; the first row's `seq` must follow the head, and so on. A gap or a known id is a broken invariant. */
  appendKeys(rows: Iterable<StoredKey>): Promise<void>;

  /**
   * The one edit of a key row that is allowed: the same secrets, re-encrypted under the new data key. Number, id,
   * digest, chain, fields and all else stay as they are. A number that is not there, or is named twice, is a broken
   * invariant.
   */
  replaceSealed(rows: readonly ResealedKey[]): Promise<void>;

  /**
   * Writes whole rows at their numbers, replacing damaged or missing ones. The chain proves that they are what was
   * there: each row continues the chain value before it, and the last of each run of numbers has the chain value
   * recorded there, or one that the next row continues, or, as the last of all, the digest recorded there after a
   * recorded chain value.
   *
   * Rows that do not, a number above the head, and an id that stands elsewhere are a broken invariant.
   */
  repairKeys(rows: readonly StoredKey[]): Promise<void>;

  /** Returns the id of the first key that this import has staged already, and then stages none of these. */
  stageKeys(importId: string, keys: readonly StagedKey[]): Promise<string | undefined>;
  /** The first keys of an import's stage, in order of id. */
  stagedHeads(importId: string, limit: number): Promise<readonly StagedHead[]>;
  /** Appends staged keys as `appendKeys` does. An id that is no longer staged is `data-damaged`. They stay staged. */
  appendStaged(importId: string, keys: readonly PlacedKey[], receivedFrom: string): Promise<void>;
  /** Removes the first keys of an import from its stage, in order of id. Returns how many there were. */
  dropStaged(importId: string, limit: number): Promise<number>;

  putRow(row: TrustedRow): Promise<void>;
  /**
   * Only for rows that are no custody: invitations, groups, policies, primaries, imports, recoveries, seals, settings, people,
   * open approvals, notices.
   */
  deleteRow(kind: TrustedKind, id: string): Promise<void>;

  putCursor(cursor: Cursor): Promise<void>;
  deleteCursor(memberId: string, epoch: string): Promise<void>;
  putRefusedKeys(refused: readonly RefusedKey[]): Promise<void>;
  /** Clears the sender's own list when a new epoch begins. */
  clearRefusedKeys(memberId: string): Promise<void>;

  putContact(contact: Contact): Promise<void>;

  /** Notes receipts for these key numbers and sets the new totals. */
  addReceipts(deviceId: string, seqs: readonly number[], totals: ReceiptTotals): Promise<void>;

  /** Appends; the first row's `seq` must follow the audit head. */
  appendAudit(rows: readonly AuditRow[]): Promise<void>;
  /** Replaces the tile at that place. */
  putAuditTile(tile: AuditTile): Promise<void>;
}
