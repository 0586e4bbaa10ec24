/** The events of the audit log, each a leaf of its Merkle tree (`merkle-tree.ts`). */
import type { ApprovalEvent } from './approval-events.ts';
import type { DeviceEvent } from './device-events.ts';
import type { KeyEvent } from './key-events.ts';
import type { LostCommits, PastEvent } from './past-events.ts';
import type { PeopleEvent } from './people-events.ts';

/** A checkpoint without its signatures. */
export interface LogHead {
  readonly origin: string;
  readonly size: number;
  /** 64 hexadecimal digits. */
  readonly root: string;
}

/**
 * Why a neighbour's log is not the one that was witnessed. `rewritten`: it does not continue. `new-epoch`: it continues
 * under a new origin. `other-key`: another key signed it. `invalid`: no key did. `withheld`: none came any more.
 */
export const GAP_KINDS = ['rewritten', 'new-epoch', 'other-key', 'invalid', 'withheld'] as const;
export type GapKind = (typeof GAP_KINDS)[number];

/**
 * Who did it: `local administrator`, `person:ID NAME`, `service:ID NAME`, `device:ID`, `secondary:ID`, `primary:ID`, or
 * `server` itself.
 */
export type Actor = string;

export type AuditEvent = { readonly by: Actor } & (
  | PeopleEvent
  | { readonly event: 'server-created'; readonly server: string; readonly name: string }
  | {
      readonly event: 'epoch-started';
      readonly epoch: string;
      readonly because: string;
      readonly previous: string;
      /** The last checkpoint that is known of the log under its old origin. */
      readonly lastCheckpoint: LogHead | null;
      /** What the database had acknowledged and no longer has. */
      readonly lost?: LostCommits;
    }
  /**
   * The lines before this one were written by a release that chained them; they are leaves of the tree now. `chain` is
   * their last chain value; `faults` counts the lines that did not fit it.
   */
  | {
      readonly event: 'audit-tree-started';
      readonly lines: number;
      readonly chain: string;
      readonly faults: number;
    }
  /** The keys that sign the log's checkpoints, by the first one's SHA-256: made where there were none. */
  | { readonly event: 'audit-keys-made'; readonly key: string }
  /** A neighbour's log is not the one that was witnessed: what was held of it, and what it told. */
  | {
      readonly event: 'audit-gap-found';
      readonly server: string;
      readonly what: GapKind;
      readonly held: LogHead;
      readonly told: LogHead | null;
    }
  | { readonly event: 'audit-gap-acknowledged'; readonly server: string; readonly gaps: number }
  /** At a start, the lines or the stored tree were not as this server had written them. */
  | { readonly event: 'audit-log-altered'; readonly lines: number }
  | { readonly event: 'settings-changed'; readonly changes: Readonly<Record<string, unknown>> }
  | DeviceEvent
  | {
      readonly event: 'invitation-made';
      readonly kind: string;
      readonly dmz: boolean;
      readonly group?: string;
      readonly expiresAt: string;
      readonly invitation: string;
    }
  | {
      readonly event: 'invitation-used';
      readonly kind: string;
      readonly member: string;
      readonly name: string;
      readonly fingerprint: string;
      readonly invitation: string;
    }
  | { readonly event: 'invitation-refused'; readonly reason: string }
  | { readonly event: 'certificate-renewed'; readonly member: string; readonly notAfter: string }
  | {
      readonly event: 'member-removed';
      readonly kind: string;
      readonly member: string;
      readonly name: string;
    }
  | {
      readonly event: 'member-changed';
      readonly member: string;
      readonly changes: Readonly<Record<string, unknown>>;
    }
  | {
      readonly event: 'hierarchy-joined';
      readonly primary: string;
      readonly name: string;
      readonly dmz: boolean;
    }
  | { readonly event: 'hierarchy-left'; readonly primary: string; readonly name: string }
  /** Keys recorded here, by number: `from` to `to` in this repository. */
  | {
      readonly event: 'keys-recorded';
      readonly from: number;
      readonly to: number;
      readonly first: string;
      readonly receivedFrom: string;
    }
  /** A batch is about to leave for the primary. */
  | {
      readonly event: 'keys-transmitted';
      readonly from: number;
      readonly to: number;
      readonly epoch: string;
      readonly primary: string;
    }
  | {
      readonly event: 'keys-acknowledged';
      readonly to: number;
      readonly refused: number;
      readonly epoch: string;
      readonly primary: string;
    }
  | { readonly event: 'key-refused'; readonly key: string; readonly reason: string }
  /** A secondary's batch was received up to this number of its sequence. */
  | {
      readonly event: 'transmission-received';
      readonly secondary: string;
      readonly epoch: string;
      readonly to: number;
      readonly recorded: number;
      readonly refused: number;
    }
  | KeyEvent
  | { readonly event: 'call-refused'; readonly caller: string; readonly code: string; readonly route: string }
  /** A connection was ended without an answer. */
  | { readonly event: 'connection-ended'; readonly caller: string; readonly because: string }
  | {
      readonly event: 'refusals-counted';
      readonly caller: string;
      readonly code: string;
      readonly count: number;
      readonly since: string;
    }
  | {
      readonly event: 'receipts-returned';
      readonly device: string;
      readonly recorded: number;
      readonly known: number;
    }
  /** Everything is about to leave, sealed under a password. */
  | { readonly event: 'backup-started'; readonly backup: string; readonly keys: number }
  | {
      readonly event: 'backup-ended';
      readonly backup: string;
      readonly outcome: 'completed' | 'broken-off';
      readonly keys: number;
    }
  /** Somebody tells that they restored that backup on trial, and that it was whole. */
  | { readonly event: 'backup-checked'; readonly backup: string; readonly madeAt: string }
  | PastEvent
  /** This primary may return to a secondary what it once sent, until then. */
  | {
      readonly event: 'recovery-allowed';
      readonly secondary: string;
      readonly name: string;
      readonly expiresAt: string;
    }
  | { readonly event: 'recovery-withdrawn'; readonly secondary: string; readonly name: string }
  /** A page of keys is about to leave for the secondary they came from: this many, numbered `from` to `to` here. */
  | {
      readonly event: 'keys-returned';
      readonly secondary: string;
      readonly from: number;
      readonly to: number;
      readonly keys: number;
      readonly first: string;
    }
  | { readonly event: 'recovery-refused'; readonly secondary: string; readonly reason: string }
  /** This server is about to ask its primary for everything it once sent there. */
  | { readonly event: 'recovery-started'; readonly primary: string }
  | {
      readonly event: 'recovery-ended';
      readonly primary: string;
      readonly outcome: 'completed' | 'broken-off';
      readonly recorded: number;
    }
  /** An administrator started a repair: this many damaged runs of keys, the first of them numbered `first`. */
  | { readonly event: 'repair-started'; readonly runs: number; readonly first: number | null }
  /** The damaged or missing row of that number was repaired: it is as recorded. `from`: `here`, or who brought it. */
  | { readonly event: 'key-repaired'; readonly key: string; readonly number: number; readonly from: string }
  /** That secondary must send everything of that epoch again. */
  | { readonly event: 'secondary-asked-again'; readonly secondary: string; readonly epoch: string }
  | {
      readonly event: 'repair-ended';
      readonly outcome: 'completed' | 'broken-off';
      readonly repaired: number;
      /** Runs that are still damaged. */
      readonly left: number;
    }
  /** What opens the server changed, by the seal's id. */
  | { readonly event: 'seal-added'; readonly seal: string; readonly kind: string }
  | { readonly event: 'seal-removed'; readonly seal: string; readonly kind: string }
  /** By a person, after this many refused attempts: the log was sealed while they were made. */
  | {
      readonly event: 'server-unsealed';
      readonly seal: string;
      readonly kind: string;
      readonly refusedBefore: number;
    }
  | { readonly event: 'data-key-made'; readonly dataKey: number }
  /** Every record that opens is now sealed under that data key. */
  | {
      readonly event: 'records-resealed';
      readonly dataKey: number;
      readonly records: number;
      readonly unreadable: number;
    }
  | { readonly event: 'copies-heard'; readonly secondary: string; readonly epoch: string }
  | { readonly event: 'row-untrusted'; readonly kind: string; readonly id: string }
  | {
      readonly event: 'export-started';
      readonly export: string;
      readonly selection: Readonly<Record<string, unknown>>;
      readonly sealedTo: string;
      readonly keys: number;
    }
  | {
      readonly event: 'export-ended';
      readonly export: string;
      readonly outcome: 'completed' | 'broken-off';
      readonly keys: number;
    }
  /** Every record is checked and staged: from here on the import runs to its end, whatever happens. */
  | {
      readonly event: 'import-confirmed';
      readonly import: string;
      /** The server that made the file, according to the file. */
      readonly from: string;
      readonly new: number;
      readonly known: number;
      readonly conflicts: number;
    }
  | ApprovalEvent
  /**
   * `outcome` is `completed`, `cancelled`, `expired` where nobody confirmed it, `stopped` with the server, or the code by
   * which it was refused.
   */
  | {
      readonly event: 'import-ended';
      readonly import: string;
      readonly outcome: string;
      readonly new: number;
      readonly known: number;
    }
);

/** The event as it is stored and hashed: time first, then what happened. */
export function encodeAuditEvent(at: string, event: AuditEvent): string {
  return JSON.stringify({ at, ...event });
}
