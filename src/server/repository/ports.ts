/**
 * What every operation of a server is handed: where things are kept, how they are sealed, what time it is, where
 * randomness comes from, and where events go. They are handed in, so that a whole tree of servers runs from one seed.
 */
import type { Barrier } from '#crypto/barrier.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { Store } from '#store/store.ts';
import type { Clock, Log, Random, Timers } from '../environment/environment.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { WantedKeys } from './wanted-keys.ts';
import type { Signal } from '../environment/signal.ts';
import type { TrustedRows } from './trusted-rows.ts';

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
  /** Damaged keys that a repair waits for. */
  readonly wanted: WantedKeys;
  /** Keys were durably recorded here, from whatever side. */
  readonly keysRecorded: Signal;
  /** An option, a DMZ mark, a primary or a membership changed. */
  readonly hierarchyChanged: Signal;
  /** A secondary told something else of itself, or of the servers below it, than the servers above were told. */
  readonly treeChanged: Signal;
}
