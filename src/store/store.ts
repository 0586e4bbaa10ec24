/**
 * The port behind which one server's repository lies, and what every store promises.
 *
 * - `write` resolves only when the work is durable: it survives kill -9 and loss of power. If the work throws, nothing
 *   of it stays, and other works of the same group are untouched.
 * - Works run one after another; each sees all earlier ones. A work awaits nothing but its transaction, so that one
 *   flush can serve many works (group commit).
 * - `reader` sees only what is durable.
 * - Key rows are numbered 1, 2, 3 … without gaps, in commit order; audit rows likewise. Nothing is edited or deleted in
 *   either, with two exceptions: `replaceSealed` puts a record's seal under a newer data key, and touches nothing else of
 *   the row; `mendKeys` puts the record that was recorded at a number into the place of a row that was damaged since. A
 *   number once given is never given again, whoever crashes.
 * - A sync that fails ends the process (`onFatal`): what is on disk is not known any more.
 * - The store sees only sealed material. It is not trusted: callers check MACs and open seals.
 */
import type { Snapshot } from './snapshot.ts';

/** One record of the repository as it lies on disk. */
export interface StoredKey {
  /** 1, 2, 3 … in commit order. */
  readonly seq: number;
  /** UUIDv7, lower case. Unique. */
  readonly id: string;
  /** The record's digest, 32 bytes. */
  readonly digest: Uint8Array;
  /** c(seq) = SHA-256(c(seq − 1) ‖ digest), 32 bytes. */
  readonly chain: Uint8Array;
  /** `device.id` of the record, for listing. */
  readonly deviceId: string;
  /** The public fields in canonical form (RFC 8785 JSON). */
  readonly fields: string;
  /** Material and blind, sealed by the barrier. */
  readonly sealed: Uint8Array;
  /** `device:ID`, `secondary:ID`, `primary:ID`, `receipt:ID` or `import:ID`. */
  readonly receivedFrom: string;
  /** When it was recorded here, Unix ms. */
  readonly recordedAt: number;
}

/**
 * A key of an import that is not recorded yet: its future row but for the place in the sequence and where it came from,
 * which is `import:ID`. Staged rows are the one thing that is deleted: they are no custody.
 */
export type StagedKey = Omit<StoredKey, 'seq' | 'chain' | 'receivedFrom'>;

/** What a staged key is judged by, so that the rest of its row need not be read. */
export interface StagedHead extends Pick<StoredKey, 'id' | 'digest'> {
  /** Its sealed part is empty: it stands for its id only. */
  readonly forIdOnly: boolean;
}

/** A key's place in the sequence. */
export type PlacedKey = Pick<StoredKey, 'id' | 'seq' | 'chain'>;

/** A record's new seal. */
export type ResealedKey = Pick<StoredKey, 'seq' | 'sealed'>;

/** Where a sequence stands. `seq` 0 has 32 zero bytes. */
export interface Head {
  readonly seq: number;
  readonly chain: Uint8Array;
}

/** What a primary has durably received of one secondary in one epoch. */
export interface Cursor extends Head {
  readonly memberId: string;
  /** 32 hexadecimal digits. */
  readonly epoch: string;
  /** Rank among the epochs of this member, in the order they were first heard: 1, 2, 3 … */
  readonly rank: number;
}

/** A record that was refused alone: at the receiver beside the cursor, at the sender as a problem to show. */
export interface RefusedKey {
  /** The member that sent it; `''` on the sender's own list. */
  readonly memberId: string;
  readonly epoch: string;
  /** Its number in the sender's sequence. */
  readonly seq: number;
  readonly keyId: string;
  readonly reason: string;
  readonly at: number;
}

/**
 * A row that decides something, or holds one of the server's own secrets. `body` is JSON, or sealed bytes in base64;
 * `mac` is the barrier's over kind, id and body. The store does not judge it.
 */
export interface TrustedRow {
  readonly kind: TrustedKind;
  readonly id: string;
  readonly body: string;
  readonly mac: Uint8Array;
}
export type TrustedKind =
  | 'setting'
  | 'member'
  | 'invitation'
  | 'primary'
  | 'import'
  | 'recovery'
  | 'authority'
  | 'secret'
  | 'seal'
  | 'data-key';

/** What is known of a member (or of the primary) by hearsay: shown to people, never decided by. */
export interface Contact {
  readonly id: string;
  readonly lastHeartbeatAt: number | null;
  /** JSON; its form is the caller's. */
  readonly body: string;
}

/** One line of the audit log. */
export interface AuditRow {
  /** 1, 2, 3 … */
  readonly seq: number;
  /** The event as JSON, the very bytes that are hashed. */
  readonly event: string;
  /** h(seq) = SHA-256(h(seq − 1) ‖ leaf), leaf as RFC 6962 hashes it; 32 bytes. */
  readonly chain: Uint8Array;
  /** The barrier's MAC over the chain value, so that nobody without the root key rewrites the log. */
  readonly mac: Uint8Array;
}

/** Receipts a device holds of this server: how many, and the XOR of SHA-256 of the keys' ids. */
export interface ReceiptTotals {
  readonly count: number;
  /** 32 bytes. */
  readonly digest: Uint8Array;
}

/** That a device holds a receipt for a key. */
export interface NotedReceipt {
  readonly seq: number;
  readonly deviceId: string;
}

export interface KeyFilter {
  readonly deviceId?: string;
  /** Case-insensitive part of id, device name, or locator. */
  readonly text?: string;
  /** Keys numbered above this. */
  readonly afterSeq?: number;
  readonly limit: number;
}

export interface Reader {
  head(): Promise<Head>;
  /** The chain value at a number: zeros at 0, undefined beyond the head. */
  chainAt(seq: number): Promise<Uint8Array | undefined>;
  keyById(id: string): Promise<StoredKey | undefined>;
  /** Numbers and digests of those ids that are here, by id. At most 10,000 ids. */
  knownKeys(ids: readonly string[]): Promise<ReadonlyMap<string, { seq: number; digest: Uint8Array }>>;
  /** Keys numbered above `afterSeq`, in order. */
  keysAfter(afterSeq: number, limit: number): Promise<readonly StoredKey[]>;
  listKeys(filter: KeyFilter): Promise<readonly StoredKey[]>;
  countKeysByDevice(deviceIds: readonly string[]): Promise<ReadonlyMap<string, number>>;

  row(kind: TrustedKind, id: string): Promise<TrustedRow | undefined>;
  rows(kind: TrustedKind): Promise<readonly TrustedRow[]>;

  /** The next of a kind in order of id, from the first id above `afterId` on: for kinds that may have a million. */
  rowsAfter(kind: TrustedKind, afterId: string, limit: number): Promise<readonly TrustedRow[]>;
  /** The kinds of which there are rows; others than `TrustedKind` where somebody, or the disk, altered one. */
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

  /** Notes of receipts behind that one, by number and then device. */
  notedReceipts(after: NotedReceipt | undefined, limit: number): Promise<readonly NotedReceipt[]>;

  auditHead(): Promise<{ seq: number; chain: Uint8Array }>;
  auditAfter(afterSeq: number, limit: number): Promise<readonly AuditRow[]>;
}

/** Reads inside a transaction see its own writes. */
export interface Transaction extends Reader {
  /** Appends; the first row's `seq` must follow the head, and so on. A gap or a known id is a broken invariant. */
  appendKeys(rows: readonly StoredKey[]): Promise<void>;

  /**
   * The one edit of a key row that is allowed: the same secrets, sealed anew. Number, id, digest, chain, fields and all
   * else stay as they are. A number that is not there, or is named twice, is a broken invariant.
   */
  replaceSealed(rows: readonly ResealedKey[]): Promise<void>;

  /**
   * Writes rows whole at their numbers, in the place of rows that were damaged or are missing. The chain proves that what
   * comes is what was there: each row continues the chain value before it, and the last of each run of numbers has the
   * chain value recorded there, or one that the next row continues, or, as the last of all, the digest recorded there behind
   * a chain value that is recorded.
   * Rows that do not, a number above the head, and an id that stands elsewhere are a broken invariant.
   */
  mendKeys(rows: readonly StoredKey[]): Promise<void>;

  /** Returns the id of the first key that this import has staged already, and then stages nothing of these. */
  stageKeys(importId: string, keys: readonly StagedKey[]): Promise<string | undefined>;
  /** The first keys of an import's stage, in order of id. */
  stagedHeads(importId: string, limit: number): Promise<readonly StagedHead[]>;
  /** Appends staged keys as `appendKeys` does. An id that is not staged any more is `data-damaged`. They stay staged. */
  appendStaged(importId: string, keys: readonly PlacedKey[], receivedFrom: string): Promise<void>;
  /** Takes the first keys of an import out of its stage, in order of id. Returns how many there were. */
  dropStaged(importId: string, limit: number): Promise<number>;

  putRow(row: TrustedRow): Promise<void>;
  /** Only for rows that are no custody: spent invitations past their expiry, replaced primaries. */
  deleteRow(kind: TrustedKind, id: string): Promise<void>;

  putCursor(cursor: Cursor): Promise<void>;
  deleteCursor(memberId: string, epoch: string): Promise<void>;
  putRefusedKeys(refused: readonly RefusedKey[]): Promise<void>;
  /** Forgets the sender's own list, when a new epoch begins. */
  clearRefusedKeys(memberId: string): Promise<void>;

  putContact(contact: Contact): Promise<void>;

  /** Notes receipts for these key numbers and sets the new totals. */
  addReceipts(deviceId: string, seqs: readonly number[], totals: ReceiptTotals): Promise<void>;

  /** Appends; the first row's `seq` must follow the audit head. */
  appendAudit(rows: readonly AuditRow[]): Promise<void>;
}

export interface WriteOptions {
  /**
   * The work appends audit events only and may use the space set aside for them when the disk is full.
   */
  readonly reserve?: boolean;
}

export interface Store {
  readonly reader: Reader;
  write<T>(work: (transaction: Transaction) => Promise<T>, options?: WriteOptions): Promise<T>;
  /** The repository as it is now, to be read in one piece while others go on writing. */
  snapshot(): Promise<Snapshot>;
  /** Bytes free where the store writes. */
  freeBytes(): Promise<number>;
  /** Looks at every page; returns sentences that name what is damaged, none when all is well. */
  checkStructure(): Promise<readonly string[]>;
  /** Waits for works under way, then closes. */
  close(): Promise<void>;
}
