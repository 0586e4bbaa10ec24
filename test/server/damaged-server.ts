/**
 * A primary and its secondary Lyon in this process, each with its database in a file, so that a test can write into it
 * as a disk or a thief would. Call once, at the top of a test file.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before } from 'node:test';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import {
  joinInProcess,
  openServer,
  type ServerInProcess,
  switchOption,
} from '#test/support/server-in-process.ts';

type Value = string | number | Uint8Array;

export interface DamagedServers {
  readonly primary: ServerInProcess;
  readonly lyon: ServerInProcess;
  /** Stands between Lyon's calls and the wire. */
  between: (calls: MachineCalls) => MachineCalls;
  /** Writes into the database of one of them. */
  readonly alter: (server: ServerInProcess, sql: string, ...values: readonly Value[]) => void;
  /** Puts a table back as it was when this was called. */
  readonly keep: (server: ServerInProcess, table: string) => () => void;
}

/** @param fill puts in what is damaged later. */
export function damagedServers(fill: () => Promise<void>): DamagedServers {
  const place = mkdtempSync(join(tmpdir(), 'keystair-damaged-'));
  after(() => rmSync(place, { recursive: true, force: true }));
  let primary: ServerInProcess;
  let lyon: ServerInProcess;
  function open<T>(server: ServerInProcess, use: (database: DatabaseSync) => T): T {
    const database = new DatabaseSync(join(place, server.name.name, 'keystair.db'), { timeout: 10_000 });
    try {
      return use(database);
    } finally {
      database.close();
    }
  }
  const servers: DamagedServers = {
    get primary() {
      return primary;
    },
    get lyon() {
      return lyon;
    },
    between: (calls) => calls,
    alter: (server, sql, ...values) =>
      open(server, (database) => {
        const { changes } = database.prepare(sql).run(...values);
        if (Number(changes) === 0) throw new Error(`nothing was altered by ${sql}`);
      }),
    keep(server, table) {
      const rows = open(server, (database) => {
        const all = database.prepare(`SELECT * FROM ${table}`);
        all.setReadBigInts(true);
        return all.all();
      });
      return () =>
        open(server, (database) => {
          database.exec('BEGIN IMMEDIATE');
          database.exec(`DELETE FROM ${table}`);
          for (const row of rows) {
            const columns = Object.keys(row);
            database
              .prepare(
                `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
              )
              .run(...Object.values(row));
          }
          database.exec('COMMIT');
        });
    },
  };
  before(async () => {
    for (const name of ['Above', 'Lyon']) mkdirSync(join(place, name));
    [primary, lyon] = await Promise.all([
      openServer('Above', { directory: join(place, 'Above') }),
      openServer('Lyon', {
        directory: join(place, 'Lyon'),
        between: (calls) => servers.between(calls),
      }),
    ]);
    await switchOption(true, primary, lyon);
    await joinInProcess(lyon, primary);
    await fill();
  });
  return servers;
}
