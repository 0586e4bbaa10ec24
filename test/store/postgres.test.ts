/** The contract of every store, held against PostgreSQL. */
import { test } from 'node:test';
import type { KeystairError } from '#domain/errors.ts';
import { openPostgresStore } from '#store/postgres/open-postgres-store.ts';
import { sharedPostgres } from '#test/support/postgres.ts';
import { postgresPrograms } from '#test/support/postgres-programs.ts';
import { type Repository, storeContract } from './store-contract.ts';
import { missing } from './system-tools.ts';

function onFatal(error: KeystairError): never {
  throw error;
}

const programs = postgresPrograms();
if (programs === undefined) {
  void test('PostgreSQL', { skip: missing(false, 'install postgresql') }, () => undefined);
} else {
  storeContract(
    'PostgreSQL',
    async (): Promise<Repository> => {
      const instance = await sharedPostgres(programs);
      const place = await instance.newDatabase();
      return {
        open: () => openPostgresStore({ place, onFatal }),
        outlivesClosing: true,
        remove: () => instance.emptyDatabase(place),
      };
    },
    12,
  );
}
