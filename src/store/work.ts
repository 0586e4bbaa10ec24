/** A work of a group: run once, then undone or kept, and its caller is told when the group is durable. */
import type { Transaction } from './transaction.ts';

/** About as many bytes as a staged key has: rows are moved within the database, so their length is not seen. */
export const STAGED_KEY_BYTES = 1024;

export interface Work {
  readonly run: (transaction: Transaction) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Runs only where this process leads. */
  readonly led?: boolean;
}

/** Tells the work's caller what became of it. */
export type Settle = () => void;

export interface WorkTransaction extends Transaction {
  /** What made it fail, whether the work looked or not. */
  readonly failure: unknown;
  /** After it, nobody uses it any more. */
  end(): void;
}

/** @param explain the failure of a transaction as the caller should see it. */
export async function tryWork(
  work: Work,
  transaction: WorkTransaction,
  explain: (failure: unknown) => unknown,
): Promise<{ readonly failed: boolean; readonly settle: Settle }> {
  let settle: Settle;
  let failed = false;
  try {
    const value = await work.run(transaction);
    settle = () => work.resolve(value);
  } catch (error) {
    failed = true;
    settle = () => work.reject(error);
  }
  transaction.end();
  const { failure } = transaction;
  if (failure !== undefined && !failed) {
    failed = true;
    settle = () => work.reject(explain(failure));
  }
  return { failed, settle };
}
