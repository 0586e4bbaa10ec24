/**
 * A server's ports: where things are kept, how they are sealed, the time, randomness, and where events go. Each
 * operation takes the ones that it uses. They are passed in, so a whole tree of servers runs from one seed.
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
  /** Keys were durably recorded here, from any source. */
  readonly keysRecorded: Signal;
  /** An option, a DMZ mark, a primary or a membership changed. */
  readonly hierarchyChanged: Signal;
  /** A secondary reported something of itself or of the servers below it that the servers above do not know yet. */
  readonly treeChanged: Signal;
}
