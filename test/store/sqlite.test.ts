/** The contract of every store, held against SQLite. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeystairError } from '#domain/errors.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import { type Repository, storeContract } from './store-contract.ts';

function onFatal(error: KeystairError): never {
  throw error;
}

storeContract('SQLite in a directory', async (): Promise<Repository> => {
  const directory = await mkdtemp(join(tmpdir(), 'keystair-store-'));
  return {
    open: () => openSqliteStore({ directory, onFatal, auditReserveBytes: 0 }),
    outlivesClosing: true,
    remove: () => rm(directory, { recursive: true }),
  };
});

storeContract('SQLite in memory', async (): Promise<Repository> => {
  return {
    open: () => openSqliteStore({ path: ':memory:', onFatal }),
    outlivesClosing: false,
    remove: () => Promise.resolve(),
  };
});
