/** Rows of the audit log: appended, read, never changed; and the tiles of its tree, which grow. */
import type { DatabaseSync } from 'node:sqlite';
import type { AuditHead, AuditRow, AuditTile } from '../rows.ts';
import { prepareCommand, prepareQuery } from './statement.ts';

export interface AuditTable {
  head(): AuditHead;
  after(seq: number, limit: number): AuditRow[];
  insert(row: AuditRow): void;
  tile(level: number, index: number): Uint8Array | undefined;
  putTile(tile: AuditTile): void;
}

const NO_LINE: AuditHead = { seq: 0, chain: new Uint8Array(0), mac: new Uint8Array(0) };

export function prepareAuditTable(connection: DatabaseSync): AuditTable {
  const head = prepareQuery(connection, 'SELECT seq, chain, mac FROM audit ORDER BY seq DESC LIMIT 1');
  const after = prepareQuery(
    connection,
    'SELECT seq, event, chain, mac FROM audit WHERE seq > ? ORDER BY seq LIMIT ?',
  );
  const insert = prepareCommand(connection, 'INSERT INTO audit (seq, event, chain, mac) VALUES (?, ?, ?, ?)');
  const tile = prepareQuery(connection, 'SELECT hashes FROM audit_tiles WHERE level = ? AND n = ?');
  const putTile = prepareCommand(
    connection,
    'INSERT OR REPLACE INTO audit_tiles (level, n, hashes) VALUES (?, ?, ?)',
  );
  return {
    head() {
      const row = head.first();
      if (row === undefined) return NO_LINE;
      return { seq: row[0] as number, chain: row[1] as Uint8Array, mac: row[2] as Uint8Array };
    },
    after: (seq, limit) =>
      after.all(seq, limit).map((row) => ({
        seq: row[0] as number,
        event: row[1] as string,
        chain: row[2] as Uint8Array,
        mac: row[3] as Uint8Array,
      })),
    insert: (row) => insert(row.seq, row.event, row.chain, row.mac),
    tile: (level, index) => tile.first(level, index)?.[0] as Uint8Array | undefined,
    putTile: ({ level, index, hashes }) => putTile(level, index, hashes),
  };
}
