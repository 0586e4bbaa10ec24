/**
 * Moves the repository of a stopped server from its data directory into a PostgreSQL database.
 *
 * Invariants: no server starts on the database before everything in it was read back and compared, table by table, by
 * digest; and none starts on the directory once the database may be served. Broken off anywhere, the same command goes
 * on.
 */
import { createHash } from 'node:crypto';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';
import type { MigrateReport, Watch } from '#protocol/server-program.ts';
import type { FilledStore } from '#store/postgres/open-postgres-store.ts';
import { shownPlace } from '#store/postgres/place.ts';
import { REPOSITORY_TABLES, type RepositoryPage, type RepositoryTable } from '#store/snapshot.ts';
import { openSqliteStore, type SqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import { placeMovedTo } from '#store/sqlite/process-directory.ts';
import type { Store } from '#store/store.ts';
import { pageLines } from './backup/backup-lines.ts';
import { loadPage } from './backup/load-page.ts';
import { readConfig } from './config.ts';
import { readDatabasePlace } from './database-config.ts';
import { createLog, endProcess } from './process-log.ts';

type Digests = Readonly<Record<RepositoryTable, MigrateReport['tables'][string]>>;

/** Its name in the database while it is not whole. */
const FILLING = 'a migration';

/** @param to `postgres://USER@HOST[,HOST…]/NAME`. */
export async function migrateServer(
  dataDirectory: string,
  to: string,
  configFile: string | undefined,
  watch: Watch,
): Promise<MigrateReport> {
  const config = readConfig({ data: dataDirectory, config: configFile, database: to });
  const place = readDatabasePlace(config.database!);
  const where = shownPlace(place);
  const onFatal = endProcess(createLog('error'));
  // The driver is loaded only where it is used.
  const { openPostgresStore } = await import('#store/postgres/open-postgres-store.ts');
  const filled = (): Promise<FilledStore> => openPostgresStore({ place, onFatal, filling: FILLING });
  if (placeMovedTo(config.dataDirectory) === where) {
    const target = await filled().catch((error: unknown) => {
      throw codeOf(error) === 'already-exists' ? movedAlready(config.dataDirectory, where) : error;
    });
    return finishMoved(target, config.dataDirectory, where);
  }
  const source = await openSqliteStore({ directory: config.dataDirectory, onFatal });
  try {
    const target = await filled();
    try {
      const digests = await copy(source, target, watch);
      // Before the database may be served: there is never a moment at which both may.
      await source.markMoved(where);
      await target.finish();
      return { from: config.dataDirectory, to: where, tables: digests };
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** The command was killed between its last two steps: all was compared and the directory is marked. */
async function finishMoved(target: FilledStore, from: string, to: string): Promise<MigrateReport> {
  try {
    const tables = await walk(target, async () => undefined);
    await target.finish();
    return { from, to, tables };
  } finally {
    await target.close();
  }
}

async function copy(source: SqliteStore, target: FilledStore, { onProgress, stop }: Watch): Promise<Digests> {
  const { seq: all } = await source.reader.head();
  const heads = { keys: (await target.reader.head()).seq, audit: (await target.reader.auditHead()).seq };
  const was = await walk(source, async (page, keys) => {
    requireWanted(stop);
    const left = withoutLoaded(page, heads);
    if (left.rows.length > 0) await target.write((transaction) => loadPage(transaction, left));
    onProgress(keys, all * 2);
  });
  const is = await walk(target, async (_, keys) => onProgress(all + keys, all * 2));
  for (const table of REPOSITORY_TABLES) {
    if (was[table].digest === is[table].digest) continue;
    throw new KeystairError(
      'data-damaged',
      `the table ${table} in the database is not the one of the directory`,
      {
        nextStep:
          'nothing was moved; remove the schema keystair from the database, and run the command again',
      },
    );
  }
  return is;
}

/** Numbered rows that a broken-off run has loaded; all others are written over. */
function withoutLoaded(
  page: RepositoryPage,
  heads: { readonly keys: number; readonly audit: number },
): RepositoryPage {
  if (page.table === 'keys') return { table: 'keys', rows: page.rows.filter(({ seq }) => seq > heads.keys) };
  if (page.table === 'audit')
    return { table: 'audit', rows: page.rows.filter(({ seq }) => seq > heads.audit) };
  return page;
}

/** @param onPage with the number of keys so far. @returns the digest of each table. */
async function walk(
  store: Store,
  onPage: (page: RepositoryPage, keys: number) => Promise<void>,
): Promise<Digests> {
  const hashes = new Map(REPOSITORY_TABLES.map((table) => [table, createHash('sha256')]));
  const counts = new Map<RepositoryTable, number>(REPOSITORY_TABLES.map((table) => [table, 0]));
  const snapshot = await store.snapshot();
  try {
    for await (const page of snapshot.pages()) {
      hashes.get(page.table)!.update(pageLines(page));
      counts.set(page.table, counts.get(page.table)! + page.rows.length);
      await onPage(page, counts.get('keys')!);
    }
  } finally {
    await snapshot.release();
  }
  return Object.fromEntries(
    REPOSITORY_TABLES.map((table) => [
      table,
      { rows: counts.get(table)!, digest: hashes.get(table)!.digest('hex') },
    ]),
  ) as unknown as Digests;
}

function movedAlready(directory: string, place: string): KeystairError {
  return new KeystairError(
    'data-moved',
    `the repository of ${directory} was moved to the database ${place} before`,
    {
      nextStep: step('start-on-database', { place }),
    },
  );
}

function requireWanted(stop: AbortSignal): void {
  if (!stop.aborted) return;
  throw new KeystairError('interrupted', 'the migration was stopped before it was done', {
    nextStep: 'the directory is as it was; run the command again to go on',
  });
}
