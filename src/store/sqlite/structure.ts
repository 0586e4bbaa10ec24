/** Checks every page of a database: its trees, its indexes against its rows, and that no number is missing. */
import type { DatabaseSync } from 'node:sqlite';
import { openSecond } from './connection.ts';
import { prepareQuery } from './statement.ts';

const PROBLEMS_MAX = 100;
const SEQUENCES = [
  { table: 'keys', rows: 'encryption keys' },
  { table: 'audit', rows: 'audit events' },
] as const;

/** Sentences that name what is damaged. */
export function structureProblems(connection: DatabaseSync, name: string): string[] {
  try {
    const problems = prepareQuery(connection, `PRAGMA integrity_check(${PROBLEMS_MAX})`)
      .all()
      .map(([text]) => String(text))
      .filter((text) => text !== 'ok')
      .map((text) => `${name}: ${text.replaceAll('\n', ', ')}`);
    return [...problems, ...SEQUENCES.flatMap(({ table, rows }) => gaps(connection, table, rows))];
  } catch (error) {
    return [`${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function gaps(connection: DatabaseSync, table: string, rows: string): string[] {
  const [count, last] =
    prepareQuery(connection, `SELECT count(*), coalesce(max(seq), 0) FROM ${table}`).first() ?? [];
  if (count === last) return [];
  const [before] =
    prepareQuery(
      connection,
      `SELECT seq FROM (SELECT 0 AS seq UNION ALL SELECT seq FROM ${table}) AS here
     WHERE NOT EXISTS (SELECT 1 FROM ${table} WHERE seq = here.seq + 1) ORDER BY seq LIMIT 1`,
    ).first() ?? [];
  return [`${Number(last) - Number(count)} ${rows} are missing, the first after number ${String(before)}`];
}

/** The same for a database file, on a connection of its own; undefined where it has more pages than `pagesMax`. */
export function fileProblems(path: string, pagesMax = Number.POSITIVE_INFINITY): string[] | undefined {
  try {
    const connection = openSecond(path);
    try {
      // Pages in the log count: the file itself may still be small.
      const [pages] = prepareQuery(connection, 'PRAGMA page_count').first() ?? [];
      return Number(pages) > pagesMax ? undefined : structureProblems(connection, path);
    } finally {
      connection.close();
    }
  } catch (error) {
    return [`${path} cannot be opened: ${error instanceof Error ? error.message : String(error)}`];
  }
}
