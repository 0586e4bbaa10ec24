/** Reading a repository, and changing it within one transaction. */
import type { ReceiptTotals } from '#domain/receipt.ts';
import type { Position } from '#domain/sequence.ts';
import type { MemberPlace } from '#domain/member.ts';
import type {
  AuditRow,
  Contact,
  Cursor,
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

export interface KeyFilter {
  readonly deviceId?: string;
  /** Part of the id, device name or locator, case-insensitive. */
  readonly text?: string;
  /** Keys numbered above this. */
  readonly afterSeq?: number;
  readonly limit: number;
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
  listKeys(filter: KeyFilter): Promise<readonly StoredKey[]>;
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
  /** The kinds that have rows; a kind outside `TrustedKind` where a person, or the disk, altered one. */
  rowKinds(): Promise<readonly string[]>;

  cursor(memberId: string, epoch: string): Promise<Cursor | undefined>;
  /** All epochs of a member, by rank. */
  cursors(memberId: string): Promise<readonly Cursor[]>;
  refusedKeys(memberId: string, limit: number): Promise<readonly RefusedKey[]>;

  /** Ids of the imports that have staged keys. */
  stagedImports(): Promise<readonly string[]>;
  countStaged(importId: string): Promise<number>;

  contact(id: string): Promise<Contact | undefined>;

  receiptTotals(deviceId: string): Promise<ReceiptTotals>;
  /** Which of these key numbers the device holds a receipt for. */
  hasReceipts(deviceId: string, seqs: readonly number[]): Promise<ReadonlySet<number>>;

  /** Notes of receipts after that one, by number and then device. */
  notedReceipts(after: NotedReceipt | undefined, limit: number): Promise<readonly NotedReceipt[]>;

  auditHead(): Promise<{ seq: number; chain: Uint8Array }>;
  auditAfter(afterSeq: number, limit: number): Promise<readonly AuditRow[]>;
}

/** Reads inside a transaction see its own writes. */
export interface Transaction extends Reader {
  /** Appends; the first row's `seq` must follow the head, and so on. A gap or a known id is a broken invariant. */
  appendKeys(rows: readonly StoredKey[]): Promise<void>;

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
  mendKeys(rows: readonly StoredKey[]): Promise<void>;

  /** Returns the id of the first key that this import has staged already, and then stages none of these. */
  stageKeys(importId: string, keys: readonly StagedKey[]): Promise<string | undefined>;
  /** The first keys of an import's stage, in order of id. */
  stagedHeads(importId: string, limit: number): Promise<readonly StagedHead[]>;
  /** Appends staged keys as `appendKeys` does. An id that is no longer staged is `data-damaged`. They stay staged. */
  appendStaged(importId: string, keys: readonly PlacedKey[], receivedFrom: string): Promise<void>;
  /** Removes the first keys of an import from its stage, in order of id. Returns how many there were. */
  dropStaged(importId: string, limit: number): Promise<number>;

  putRow(row: TrustedRow): Promise<void>;
  /** Only for rows that are no custody: invitations, primaries, imports, recoveries, seals, settings. */
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
}
