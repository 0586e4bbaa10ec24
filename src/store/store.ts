/**
 * The port behind which one server's repository lies, and what every store promises.
 *
 * - `write` resolves only when the work is durable: it survives kill -9 and loss of power. If the work throws, nothing
 *   of it stays, and other works of the same group are untouched.
 * - Works run one after another; each sees all earlier ones. A work awaits nothing but its transaction, so that one
 *   flush can serve many works (group commit).
 * - `reader` sees only what is durable.
 * - Key rows are numbered 1, 2, 3 … without gaps, in commit order; audit rows likewise. Nothing is edited or deleted in
 *   either, with two exceptions: `replaceSealed` puts a record's seal under a newer data key, and touches nothing else of
 *   the row; `mendKeys` puts the record that was recorded at a number into the place of a row that was damaged since. A
 *   number once given is never given again, whoever crashes.
 * - A sync that fails ends the process (`onFatal`): what is on disk is not known any more.
 * - The store sees only sealed material. It is not trusted: callers check MACs and open seals.
 */
import type { Snapshot } from './snapshot.ts';
import type { Reader, Transaction } from './transaction.ts';

export interface WriteOptions {
  /**
   * The work appends audit events only and may use the space set aside for them when the disk is full.
   */
  readonly reserve?: boolean;
}

export interface Store {
  readonly reader: Reader;
  write<T>(work: (transaction: Transaction) => Promise<T>, options?: WriteOptions): Promise<T>;
  /** The repository as it is now, to be read in one piece while others go on writing. */
  snapshot(): Promise<Snapshot>;
  /** Bytes free where the store writes. */
  freeBytes(): Promise<number>;
  /** Looks at every page; returns sentences that name what is damaged, none when all is well. */
  checkStructure(): Promise<readonly string[]>;
  /** Waits for works under way, then closes. */
  close(): Promise<void>;
}
