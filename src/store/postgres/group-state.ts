/** What the works of one group share: the way to the database, what waits to be sent, and both heads. */
import type { Position } from '#domain/sequence.ts';
import type { AuditHead } from '../rows.ts';
import type { Send } from './send-rows.ts';
import type { WriteSet } from './write-set.ts';

export interface GroupState {
  readonly send: Send;
  /** This process. */
  readonly process: string;
  /** What works that succeeded have written. */
  readonly written: WriteSet;
  keys: Position;
  audit: AuditHead;
  /** Something was written that every process must hear of before it works on. */
  isChanged: boolean;
  /** Ids that are not recorded, as the database said behind the lock of this group. */
  readonly absent: Set<string>;
}
