/**
 * Looking at every page of a database: its trees, its indexes against its rows, and that no number is missing.
 * Minutes on a large one, so that one has a thread of its own.
 */
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { openSecond } from './connection.ts';
import { prepareQuery } from './statement.ts';

const PROBLEMS_MAX = 100;
/** Two thousand keys, looked through in some 3 ms; a thread begins after 30. */
export const WITHOUT_THREAD_BYTES_MAX = 1.5 * 2 ** 20;
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

/** The same for a database file, on a connection of its own. */
export function fileProblems(path: string): string[] {
  try {
    const connection = openSecond(path);
    try {
      return structureProblems(connection, path);
    } finally {
      connection.close();
    }
  } catch (error) {
    return [`${path} cannot be opened: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** The same, without holding up the event loop. */
export async function checkFile(path: string): Promise<readonly string[]> {
  // Where it cannot even be looked at, the check itself says so.
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  return size <= WITHOUT_THREAD_BYTES_MAX ? fileProblems(path) : inThread(path);
}

function inThread(path: string): Promise<readonly string[]> {
  const script = new URL(`./structure-worker${extname(import.meta.url)}`, import.meta.url);
  return new Promise((resolve, reject) => {
    const worker = new Worker(script, { workerData: { path } });
    worker.once('message', (problems: readonly string[]) => resolve(problems));
    worker.once('error', reject);
    worker.once('exit', () => resolve([`${path} could not be checked: the check ended without an answer`]));
  });
}
