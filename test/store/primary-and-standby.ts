/** A real PostgreSQL with a standby that streams from it, and what may become of the two. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { KeystairError } from '#domain/errors.ts';
import { openPostgresStore, type PostgresStoreOptions } from '#store/postgres/open-postgres-store.ts';
import type { DatabasePlace } from '#store/postgres/place.ts';
import type { Setback } from '#store/setback.ts';
import type { Store } from '#store/store.ts';
import { eventually } from '#test/support/eventually.ts';
import { PostgresInstance } from '#test/support/postgres.ts';
import { postgresPrograms } from '#test/support/postgres-programs.ts';
import { record } from './contract-writing.ts';
import { missing } from './system-tools.ts';

export const programs = postgresPrograms();
export const skip = missing(programs !== undefined, 'install postgresql');
const folder = mkdtempSync(join(tmpdir(), 'keystair-seen-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function onFatal(error: KeystairError): never {
  throw error;
}

export interface Pair {
  readonly primary: PostgresInstance;
  readonly standby: PostgresInstance;
  /** Both, the primary first. */
  readonly place: DatabasePlace;
  readonly directory: string;
}

let pairs = 0;

export async function withPair(
  settings: readonly string[],
  body: (pair: Pair) => Promise<void>,
): Promise<void> {
  const primary = await PostgresInstance.start(programs!, settings);
  const standby = await primary.standby();
  try {
    await standby.run();
    const hosts = [...primary.place('postgres').hosts, ...standby.place('postgres').hosts];
    const directory = mkdtempSync(join(folder, `${(pairs += 1)}-`));
    await body({ primary, standby, place: { ...primary.place('postgres'), hosts }, directory });
  } finally {
    await standby.remove();
    await primary.remove();
  }
}

export const opened = (
  { place, directory }: Pick<Pair, 'place' | 'directory'>,
  more: Partial<PostgresStoreOptions> = {},
) => openPostgresStore({ place, directory, onFatal, ...more });

/** The standby has everything that the primary has. */
export async function caughtUp({ primary, standby }: Pair): Promise<void> {
  const [[there] = []] = await primary.ask('SELECT pg_current_wal_lsn()');
  await eventually('the standby has all', async () => {
    const [[has] = []] = await standby.ask(`SELECT pg_last_wal_replay_lsn() >= '${String(there)}'`);
    return has === true;
  });
}

/** The primary dies, and its standby takes its place. */
export async function failOver({ primary, standby }: Pair): Promise<void> {
  await primary.stop('SIGKILL');
  await standby.ask('SELECT pg_promote()');
}

/** Every setback that the store reports. */
export function noted(store: Store): Setback[] {
  const setbacks: Setback[] = [];
  store.whenSetBack!(async (_, setback) => void setbacks.push(setback));
  return setbacks;
}

/** Keys 1 to 3 are on both, 4 to 6 acknowledged by the primary only; then the standby takes its place. */
export async function losing(pair: Pair, store: Store): Promise<void> {
  await record(store, [1, 2, 3]);
  await caughtUp(pair);
  await pair.standby.stop();
  await record(store, [4, 5, 6]);
  await pair.primary.stop('SIGKILL');
  await pair.standby.run();
  await pair.standby.ask('SELECT pg_promote()');
}

/** The standby took over and acknowledged; then the old primary alone comes back. */
export async function rolledBack(pair: Pair, store: Store): Promise<void> {
  await record(store, [1, 2, 3]);
  await caughtUp(pair);
  await failOver(pair);
  await record(store, [4, 5]);
  await pair.standby.stop('SIGKILL');
  await pair.primary.run();
}
