/** Rows of the audit log: appended, read, never changed. */
import type { Position } from '#domain/sequence.ts';
import type { DatabaseSync } from 'node:sqlite';
import type { AuditRow } from '../rows.ts';
import { prepareCommand, prepareQuery } from './statement.ts';

export interface AuditTable {
  head(): Position;
  after(seq: number, limit: number): AuditRow[];
  insert(row: AuditRow): void;
}

export function prepareAuditTable(connection: DatabaseSync): AuditTable {
  const head = prepareQuery(connection, 'SELECT seq, chain FROM audit ORDER BY seq DESC LIMIT 1');
  const after = prepareQuery(
    connection,
    'SELECT seq, event, chain, mac FROM audit WHERE seq > ? ORDER BY seq LIMIT ?',
  );
  const insert = prepareCommand(connection, 'INSERT INTO audit (seq, event, chain, mac) VALUES (?, ?, ?, ?)');
  return {
    head() {
      const row = head.first();
      if (row === undefined) return { seq: 0, chain: new Uint8Array(32) };
      return { seq: row[0] as number, chain: row[1] as Uint8Array };
    },
    after: (seq, limit) =>
      after.all(seq, limit).map((row) => ({
        seq: row[0] as number,
        event: row[1] as string,
        chain: row[2] as Uint8Array,
        mac: row[3] as Uint8Array,
      })),
    insert: (row) => insert(row.seq, row.event, row.chain, row.mac),
  };
}
