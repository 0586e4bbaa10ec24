/**
 * Fills an empty PostgreSQL database whole or not at all: what a restore does. Invariant: until it is whole, every start
 * refuses it; what was broken off, by a kill too, is removed by the next one.
 */
import type { KeystairError } from '#domain/errors.ts';
import type { DatabasePlace } from '#store/postgres/place.ts';
import { forgetSeen } from '#store/postgres/seen-file.ts';
import { holdProcessDirectory } from '#store/sqlite/process-directory.ts';
import type { Store } from '#store/store.ts';

/** Its name in the database while it is not whole. */
const FILLING = 'a restore';

/**
 * @param directory of the process that is to serve it; what it saw of an older life of the server is forgotten.
 * Throws `already-exists` where the database holds anything, `data-in-use` where a process serves it.
 */
export async function fillDatabase<T>(
  directory: string,
  place: DatabasePlace,
  onFatal: (error: KeystairError) => never,
  fill: (store: Store) => Promise<T>,
): Promise<T> {
  // The driver is loaded only where it is used.
  const { openPostgresStore } = await import('#store/postgres/open-postgres-store.ts');
  const lock = holdProcessDirectory(directory);
  try {
    const store = await openPostgresStore({ place, onFatal, filling: FILLING });
    try {
      await store.empty();
      const filled = await fill(store).catch(async (error: unknown) => {
        await store.empty();
        throw error;
      });
      forgetSeen(directory);
      await store.finish();
      return filled;
    } finally {
      await store.close();
    }
  } finally {
    lock.release();
  }
}
