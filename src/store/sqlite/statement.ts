/** Prepared statements as functions, over connections whose rows are arrays. */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';

export type Row = readonly SQLOutputValue[];

export interface Query {
  first(...values: SQLInputValue[]): Row | undefined;
  all(...values: SQLInputValue[]): readonly Row[];
}

export function prepareQuery(connection: DatabaseSync, sql: string): Query {
  const statement = connection.prepare(sql);
  return {
    first: (...values) => statement.get(...values) as unknown as Row | undefined,
    all: (...values) => statement.all(...values) as unknown as readonly Row[],
  };
}

/** Returns how many rows it changed. */
export type Command = (...values: SQLInputValue[]) => number;

export function prepareCommand(connection: DatabaseSync, sql: string): Command {
  const statement = connection.prepare(sql);
  return (...values) => Number(statement.run(...values).changes);
}

/** The last Unix millisecond that a Date can hold. */
const TIME_MAX = 8_640_000_000_000_000;

/** SQL that holds where a column is a whole number that can be read: damage can leave one that cannot. */
export function isReadable(column: string): string {
  return `${column} BETWEEN 0 AND ${Number.MAX_SAFE_INTEGER}`;
}

/** SQL for a column of Unix milliseconds, with `instead` where it cannot be a time. */
export function readableTime(column: string, instead: string): string {
  return `CASE WHEN ${column} BETWEEN 0 AND ${TIME_MAX} THEN ${column} ELSE ${instead} END`;
}
