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
