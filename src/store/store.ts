/**
 * The port behind which one server's repository lies, and what every store promises.
 *
 * - `write` resolves only when the work is durable: it survives kill -9 and loss of power. If the work throws, nothing
 *   of it stays, and other works of the same group are untouched.
 * - Works run one after another; each sees all earlier ones. A work awaits nothing but its transaction, so that one
 *   flush can serve many works (group commit).
 * - `reader` sees only what is durable.
 * - Key rows are numbered 1, 2, 3 … without gaps, in commit order; audit rows likewise. Nothing is edited or deleted in
 *   either, with two exceptions: `replaceSealed` re-encrypts a record under a newer data key and touches nothing else of
 *   the row; `repairKeys` replaces a damaged row with the record that was recorded at its number. No number is given twice,
 *   even after a crash.
 * - A sync that fails ends the process (`onFatal`): what is on disk is then unknown.
 * - The store sees only sealed material. It is not trusted: callers check MACs and open seals.
 */
import type { Processes } from './processes.ts';
import type { Setback } from './setback.ts';
import type { Snapshot } from './snapshot.ts';
import type { Reader, Transaction } from './transaction.ts';

export interface WriteOptions {
  /**
   * The work may use the space set aside for audit events when the disk is full. It appends only those, or changes the
   * few rows of one person who signs in or out, or the one row about the last backup.
   */
  readonly reserve?: boolean;
  /** Only while this process leads; `interrupted` otherwise. */
  readonly led?: boolean;
}

/** Where a repository lies, as its server's status shows it. */
export interface StoreFacts {
  readonly kind: 'sqlite' | 'postgresql';
  /** A directory, or a database and its hosts. */
  readonly place: string;
}

export interface Store {
  readonly facts: StoreFacts;
  readonly reader: Reader;
  /** Where several processes may serve the repository. */
  readonly processes?: Processes;
  write<T>(work: (transaction: Transaction) => Promise<T>, options?: WriteOptions): Promise<T>;
  /**
   * Where a failover can lose acknowledged commits: `heal` runs before any other work of the first group after one that
   * did, in the same transaction. It throws `database-rolled-back` where the process must begin again.
   */
  whenSetBack?(heal: (transaction: Transaction, setback: Setback) => Promise<void>): void;
  /** The repository as it is now, to be read as one while others keep writing. */
  snapshot(): Promise<Snapshot>;
  /** Bytes free where the store writes; undefined where it cannot know. */
  freeBytes(): Promise<number | undefined>;
  /** Checks every page; returns sentences that name what is damaged, none when all is well. */
  checkStructure(): Promise<readonly string[]>;
  /** Waits for works under way, then closes. */
  close(): Promise<void>;
}
