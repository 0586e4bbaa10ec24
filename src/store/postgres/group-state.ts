/** What the works of one group share: the way to the database, what waits to be sent, and both heads. */
import type { Position } from '#domain/sequence.ts';
import type { AuditHead } from '../rows.ts';
import type { Send } from './send-rows.ts';
import type { WriteSet } from './write-set.ts';

export interface GroupState {
  readonly send: Send;
  /** What works that succeeded have written. */
  readonly written: WriteSet;
  keys: Position;
  audit: AuditHead;
  /** Ids that are not recorded, as the database said behind the lock of this group. */
  readonly absent: Set<string>;
}
