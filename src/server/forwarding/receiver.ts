/**
 * What forwarding needs of a receiver of the audit log, whatever it is.
 *
 * Invariant: `send` may return before the lines are safe; `confirm` returns only when all of them are.
 */
import type { ServerName } from '#domain/server-name.ts';

/** The fields of a line, as far as it is one. */
export type EventFields = Readonly<Record<string, unknown>>;

/** An event in our own form. */
export interface KeystairEvent {
  readonly id: string;
  readonly server: ServerName;
  readonly number: number;
  /** The line's leaf in the tree, in hexadecimal. */
  readonly leaf: string;
  /** As it was written; the text itself where it is no event any more. */
  readonly event: EventFields | string;
}

export type OcsfEvent = Readonly<Record<string, unknown>>;

/** One event as a receiver gets it. */
export interface ForwardedLine {
  /** The same at every attempt; no other line of any server has it. */
  readonly id: string;
  readonly number: number;
  /** Its name, and its time as the line has it; empty where the line was altered. */
  readonly event: string;
  readonly at: string;
  readonly severity: Severity;
  readonly body: KeystairEvent | OcsfEvent;
}

/** Of ordinary events, of refusals, and of what somebody should look at now. */
export type Severity = 'notice' | 'warning' | 'alert';

export const RECEIVER_KINDS = ['file', 'syslog', 'webhook'] as const;
export const EVENT_FORMATS = ['keystair', 'ocsf'] as const;
export type EventFormat = (typeof EVENT_FORMATS)[number];

export interface AuditReceiver {
  readonly name: string;
  readonly kind: (typeof RECEIVER_KINDS)[number];
  readonly format: EventFormat;
  /** Where a receiver begins that has no place in the log yet. */
  readonly from: 'beginning' | 'now';
  /** So long lines may be under way before they are confirmed. */
  readonly confirmAfterMs: number;
  /** Throws where they were not taken; the message quotes nothing that the receiver sent. */
  readonly send: (lines: readonly ForwardedLine[]) => Promise<void>;
  readonly confirm: () => Promise<void>;
  /** Drops what is open. What is under way then fails. */
  readonly reset: () => void;
}
