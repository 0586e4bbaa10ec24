/**
 * One group of works in one transaction of the writing connection. Invariant: a failed work is undone alone, and
 * nothing here reports success: the group is committed, and durable only once the log is synced.
 *
 * A work that is alone has the transaction to itself: at a savepoint SQLite copies each page before it changes it.
 */
import type { DatabaseSync } from 'node:sqlite';
import { assert } from '#domain/errors.ts';
import { STORE_GROUP_BYTES_MAX } from '#domain/limits.ts';
import { type Settle, tryWork, type Work } from '../work.ts';
import { type Heads, SqliteTransaction } from './sqlite-transaction.ts';
import type { TableName, Tables } from './tables.ts';

export interface SqliteWork extends Work {
  /** May use the space set aside for audit events. */
  readonly reserve: boolean;
}

export interface GroupPorts {
  readonly connection: DatabaseSync;
  readonly tables: Tables;
  /** Names the tables that works change. */
  readonly changed: Set<TableName>;
  readonly explain: (error: unknown) => unknown;
}

/** Commits the first works, as many as one flush should carry. Throws SQLite's error when none of it stays. */
export type CommitGroup = (works: readonly Work[]) => Promise<Committed>;

export interface Committed {
  /** One for each work in the group, from the first on. */
  readonly settles: readonly Settle[];
  /** An approximate number of appended bytes. */
  readonly bytes: number;
}

export function prepareGroups({ connection, tables, changed, explain }: GroupPorts): CommitGroup {
  const begin = connection.prepare('BEGIN IMMEDIATE');
  const mark = connection.prepare('SAVEPOINT work');
  const keep = connection.prepare('RELEASE work');
  const undo = connection.prepare('ROLLBACK TO work');
  const undoAll = connection.prepare('ROLLBACK');
  const commit = connection.prepare('COMMIT');
  const heads: Heads = { keys: undefined, audit: undefined };
  const ports = { tables, heads, changed, explain };

  const forgetHeads = (): void => {
    heads.keys = undefined;
    heads.audit = undefined;
  };

  /** Runs one work so that it can be undone. Throws only what undoes the whole group. */
  const runWork = async (work: Work, transaction: SqliteTransaction, isAlone: boolean): Promise<Settle> => {
    if (!isAlone) mark.run();
    const { failed, settle } = await tryWork(work, transaction, explain);
    if (failed) {
      // After a fault of disk or memory SQLite may have undone everything, and no commit would succeed.
      if (undoesAll(transaction.failure)) throw transaction.failure;
      assert(connection.isTransaction, 'only faults of disk or memory undo a group');
      if (isAlone) {
        undoAll.run();
        begin.run();
      } else {
        undo.run();
      }
      forgetHeads();
    }
    if (!isAlone) keep.run();
    return settle;
  };

  return async (works) => {
    begin.run();
    try {
      const settles: Settle[] = [];
      let bytes = 0;
      for (const work of works) {
        const transaction = new SqliteTransaction(ports);
        settles.push(await runWork(work, transaction, works.length === 1));
        bytes += transaction.bytes;
        if (bytes >= STORE_GROUP_BYTES_MAX) break;
      }
      commit.run();
      return { settles, bytes };
    } catch (error) {
      forgetHeads();
      if (connection.isTransaction) undoAll.run();
      throw error;
    }
  };
}

const NOMEM = 7;
const IOERR = 10;
const FULL = 13;

function undoesAll(error: unknown): boolean {
  const code = Number((error as { errcode?: number } | undefined)?.errcode) & 0xff;
  return code === IOERR || code === FULL || code === NOMEM;
}
