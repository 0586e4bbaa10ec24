/** Opens the store that the configuration names. */
import type { KeystairError } from '#domain/errors.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import { holdProcessDirectory } from '#store/sqlite/process-directory.ts';
import type { Store } from '#store/store.ts';
import type { ServerConfig } from './config.ts';
import { readDatabasePlace } from './database-config.ts';
import type { Random } from './environment/environment.ts';

export interface StorePorts {
  readonly random: Random;
  /** Ends the process. */
  readonly onFatal: (error: KeystairError) => never;
  /** Is told what no caller is told of a database that was lost. */
  readonly onTrouble: (error: KeystairError) => void;
}

export async function openStore(
  { dataDirectory, database }: Pick<ServerConfig, 'dataDirectory' | 'database'>,
  { random, onFatal, onTrouble }: StorePorts,
): Promise<Store> {
  if (database === undefined) return openSqliteStore({ directory: dataDirectory, onFatal, random });
  const place = readDatabasePlace(database);
  // The driver is loaded only where it is used.
  const { openPostgresStore } = await import('#store/postgres/open-postgres-store.ts');
  const lock = holdProcessDirectory(dataDirectory);
  try {
    const store = await openPostgresStore({ place, onFatal, onTrouble, directory: dataDirectory });
    return { ...store, close: () => store.close().finally(() => lock.release()) };
  } catch (error) {
    lock.release();
    throw error;
  }
}
