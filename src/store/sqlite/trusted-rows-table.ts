/** Rows that decide something: kept with their MAC, which is not judged here. */
import type { DatabaseSync } from 'node:sqlite';
import type { TrustedKind, TrustedRow } from '../rows.ts';
import { prepareCommand, prepareQuery, type Row } from './statement.ts';

export interface TrustedRowsTable {
  get(kind: TrustedKind, id: string): TrustedRow | undefined;
  all(kind: TrustedKind): TrustedRow[];
  after(kind: TrustedKind, afterId: string, limit: number): TrustedRow[];
  kinds(): string[];
  put(row: TrustedRow): void;
  delete(kind: TrustedKind, id: string): void;
}

function rowOf(row: Row): TrustedRow {
  return {
    kind: row[0] as TrustedKind,
    id: row[1] as string,
    body: row[2] as string,
    mac: row[3] as Uint8Array,
  };
}

export function prepareTrustedRowsTable(connection: DatabaseSync): TrustedRowsTable {
  const columns = 'kind, id, body, mac';
  const get = prepareQuery(connection, `SELECT ${columns} FROM trusted_rows WHERE kind = ? AND id = ?`);
  const all = prepareQuery(connection, `SELECT ${columns} FROM trusted_rows WHERE kind = ? ORDER BY id`);
  const after = prepareQuery(
    connection,
    `SELECT ${columns} FROM trusted_rows WHERE kind = ? AND id > ? ORDER BY id LIMIT ?`,
  );
  const kinds = prepareQuery(connection, 'SELECT DISTINCT kind FROM trusted_rows ORDER BY kind');
  const put = prepareCommand(
    connection,
    `INSERT OR REPLACE INTO trusted_rows (${columns}) VALUES (?, ?, ?, ?)`,
  );
  const remove = prepareCommand(connection, 'DELETE FROM trusted_rows WHERE kind = ? AND id = ?');
  return {
    get(kind, id) {
      const row = get.first(kind, id);
      return row === undefined ? undefined : rowOf(row);
    },
    all: (kind) => all.all(kind).map(rowOf),
    after: (kind, afterId, limit) => after.all(kind, afterId, limit).map(rowOf),
    kinds: () => kinds.all().map(([kind]) => kind as string),
    put: (row) => put(row.kind, row.id, row.body, row.mac),
    delete: (kind, id) => remove(kind, id),
  };
}
