/**
 * What every operation of a server is handed: where things are kept, how they are sealed, what time it is, where
 * randomness comes from, and where events go. Nothing in an operation takes these from the air, so that a whole tree
 * of servers can run from one seed.
 */
import type { Barrier } from '#crypto/barrier.ts';
import type { ServerName } from '#domain/lookup.ts';
import type { Store } from '#store/store.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { SecondaryEars } from '../hierarchy/secondaries/secondary-ears.ts';
import type { WantedKeys } from '../integrity/repair/wanted-keys.ts';
import type { Signal } from '../environment/signal.ts';
import type { TrustedRows } from './trusted-rows.ts';

/** Unix time in milliseconds. */
export type Clock = () => number;
/** That many fresh random bytes. */
export type Random = (bytes: number) => Uint8Array;

/** Structured log lines, one an event. Never a secret. */
export interface Log {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** Waiting, handed in like the clock. */
export interface Timers {
  /** Calls once after that many milliseconds; returns what cancels it. */
  after(ms: number, call: () => void): () => void;
}

export interface ServerPorts {
  readonly server: ServerName;
  readonly store: Store;
  readonly barrier: Barrier;
  readonly rows: TrustedRows;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  /** What secondaries said of their own ends of the links. */
  readonly ears: SecondaryEars;
  /** Damaged keys that a repair waits for. */
  readonly wanted: WantedKeys;
  /** Keys were durably recorded here, from whatever side. */
  readonly keysRecorded: Signal;
  /** An option, a DMZ mark, a primary or a membership changed. */
  readonly hierarchyChanged: Signal;
  /** A secondary told something else of itself, or of the servers below it, than the servers above were told. */
  readonly treeChanged: Signal;
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function uuidFrom(random: Random): string {
  const bytes = Buffer.from(random(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
