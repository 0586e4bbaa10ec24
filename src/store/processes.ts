/**
 * What several processes over one repository need of its store. A store that one process holds alone has none of it.
 *
 * Promises:
 * - Before a work runs, this process has heard of every change that another one made before it (`onChange`). An idle
 *   process hears of it within a second or two.
 * - At most one process leads. A write that says `led` is refused in a process that no longer does, in its transaction.
 * - A process that stood still for so long that others took over what it held writes nothing more, and ends.
 */
import type { Reader } from './transaction.ts';

export type ProcessState = 'starting' | 'sealed' | 'serving' | 'stopping';

/** What a process says of itself. */
export interface ProcessFacts {
  /** HOST:PORT under which members reach this process; null before it listens. */
  readonly address: string | null;
  readonly version: string;
  readonly state: ProcessState;
  /** Ids of the seals by which it opens without a person. */
  readonly opensWith: readonly string[];
}

export interface LivingProcess extends ProcessFacts {
  readonly id: string;
  /** Unix ms, by the clock of the database. */
  readonly lastSeenAt: number;
  readonly leads: boolean;
}

/** What one process does for all. */
export interface Leader {
  /** Never waits and never throws. */
  begin(): void;
  /** Resolves when nothing of it is under way any more. */
  end(): Promise<void>;
  /** A process ended, and what it held is free. */
  processEnded(): void;
}

export interface Processes {
  /** The id of this process, new with each start. */
  readonly process: string;
  readonly leads: boolean;
  /** Tells the others. Resolves when they can see it. */
  announce(facts: Partial<ProcessFacts>): Promise<void>;
  /** Those that were seen within the last seconds, this one among them. */
  living(): Promise<readonly LivingProcess[]>;
  /** @param hear reads again what this process remembers; runs in the transaction of the next works, or between them. */
  onChange(hear: (reader: Reader) => Promise<void>): void;
  /** @param listener another process may have recorded keys, or lines of the audit log. */
  onRecorded(listener: (what: { readonly keys: boolean; readonly lines: boolean }) => void): void;
  /** From here on this process may lead. */
  lead(leader: Leader): void;
  /** Resolves when every living process has heard of what this one changed, or has stopped answering by itself. */
  settled(): Promise<void>;
  /** Ids of imports that a living process stages. */
  heldStages(): Promise<ReadonlySet<string>>;
}
