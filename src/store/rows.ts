/** The rows of a repository, as every store keeps them. */
import type { Position } from '#domain/sequence.ts';

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
 * A key of an import that is not recorded yet: its future row without its place in the sequence and its source, which
 * will be `import:ID`. Staged rows are the only rows that are deleted: they are no custody.
 */
export type StagedKey = Omit<StoredKey, 'seq' | 'chain' | 'receivedFrom'>;

/** What a staged key is judged by, so that the rest of its row need not be read. */
export interface StagedHead extends Pick<StoredKey, 'id' | 'digest'> {
  /** Its sealed part is empty: it stands only for its id. */
  readonly forIdOnly: boolean;
}

/** A key's place in the sequence. */
export type PlacedKey = Pick<StoredKey, 'id' | 'seq' | 'chain'>;

/** A record re-encrypted under the new data key. */
export type ResealedKey = Pick<StoredKey, 'seq' | 'sealed'>;

/** What a primary has durably received of one secondary in one epoch. */
export interface Cursor extends Position {
  readonly memberId: string;
  /** 32 hexadecimal digits. */
  readonly epoch: string;
  /** Rank among the epochs of this member, in the order they were first heard: 1, 2, 3 … */
  readonly rank: number;
}

/** A record refused alone: the receiver keeps it beside the cursor, the sender as a problem to show. */
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
 * `mac` is the barrier's over kind, id and body. The store does not check it.
 */
export interface TrustedRow {
  readonly kind: TrustedKind;
  readonly id: string;
  readonly body: string;
  readonly mac: Uint8Array;
}

/**
 * A member's row, and the place where the store finds it: derived from its body when it is written, and not covered by
 * its MAC. Code that finds a row by its place compares both.
 */
export interface MemberRow extends TrustedRow, NamePosition {
  readonly place: string;
  readonly state: string;
  readonly group: string;
}

/** A place among members in order of name, then of id where names are equal. */
export interface NamePosition {
  readonly sortName: string;
  readonly id: string;
}

/** A place among devices in an order: what they are sorted by, then the id where that is equal. */
export interface DevicePosition {
  /** The name as it is sorted, or the last heartbeat in Unix ms, -1 where there was none. */
  readonly by: string | number;
  readonly id: string;
}

export interface FoundDevice {
  readonly row: MemberRow;
  readonly position: DevicePosition;
}

export type TrustedKind =
  | 'setting'
  | 'member'
  | 'invitation'
  /** A group of devices. */
  | 'group'
  /** What devices must do: by the id of the group that has it, or `primary`. */
  | 'policy'
  /** A key of a drive that was revealed and not rotated: by the key's id. */
  | 'rotation'
  | 'primary'
  | 'import'
  | 'recovery'
  | 'authority'
  | 'secret'
  | 'seal'
  | 'data-key'
  | 'checkpoint'
  | 'person'
  /** The id of the person whose name it is, by the name as it is sorted. */
  | 'person-name'
  | 'role'
  /** How a person proves who they are. */
  | 'credential'
  /** The person whose key has this hash. */
  | 'api-key'
  /** The person for whom a provider vouches by this issuer and subject. */
  | 'identity'
  /** The person whose passkey has this id. */
  | 'passkey'
  | 'session'
  /** The open sessions of one person. */
  | 'session-list'
  /** What a request made, by its `Idempotency-Key`; and all of one person. */
  | 'made'
  | 'made-list'
  /** A set-up link, by the hash of its token. */
  | 'set-up'
  /** Work that runs; it decides nothing. */
  | 'job'
  /** Requests for approval that are open; those that ended; emergencies that nobody has acknowledged yet. */
  | 'approval'
  | 'approval-history'
  | 'emergency'
  /** Somebody is to be told of one of them. */
  | 'notice'
  /** How far a receiver of the audit log has it. */
  | 'audit-cursor';

/** Unverified status of a member (or of the primary): shown to people; no decision rests on it. */
export interface Contact {
  readonly id: string;
  readonly lastHeartbeatAt: number | null;
  /** JSON; the caller decides its form. */
  readonly body: string;
}

/** One line of the audit log. */
export interface AuditRow {
  /** 1, 2, 3 … */
  readonly seq: number;
  /** The event as JSON, the exact bytes that are hashed. */
  readonly event: string;
  /** Empty, except in lines older than the tree: h(seq) = SHA-256(h(seq − 1) ‖ leaf), 32 bytes. */
  readonly chain: Uint8Array;
  /** The barrier's MAC over the tree up to this line; empty where a later line of the same append has it. */
  readonly mac: Uint8Array;
}

/** The last line of the audit log, without its event. */
export type AuditHead = Omit<AuditRow, 'event'>;

/**
 * Hashes of complete subtrees of the audit log's tree, side by side: 256 at most. It is derived from the lines, and can
 * be made again from them.
 */
export interface AuditTile {
  /** Each hash is the root over 256^level lines. */
  readonly level: number;
  /** The `index`-th tile of that level, from 0. */
  readonly index: number;
  /** 32 bytes each. On level 0 only full tiles are kept, on the others one that still grows as well. */
  readonly hashes: Uint8Array;
}

/** A device holds a receipt for a key. */
export interface NotedReceipt {
  readonly seq: number;
  readonly deviceId: string;
}
