/** What was received from each member in each of its epochs, and which records were refused alone. */
import type { DatabaseSync } from 'node:sqlite';
import type { Cursor, RefusedKey } from '../rows.ts';
import { isReadable, prepareCommand, prepareQuery, readableTime, type Row } from './statement.ts';

export interface CursorsTable {
  get(memberId: string, epoch: string): Cursor | undefined;
  ofMember(memberId: string): Cursor[];
  put(cursor: Cursor): void;
  delete(memberId: string, epoch: string): void;
  refused(memberId: string, limit: number): RefusedKey[];
  refusalOf(memberId: string, seq: number): string | undefined;
  putRefused(refused: RefusedKey): void;
  clearRefused(memberId: string): void;
}

function cursorOf(row: Row): Cursor {
  return {
    memberId: row[0] as string,
    epoch: row[1] as string,
    rank: row[2] as number,
    seq: row[3] as number,
    chain: row[4] as Uint8Array,
  };
}

function refusedOf(row: Row): RefusedKey {
  return {
    memberId: row[0] as string,
    epoch: row[1] as string,
    seq: row[2] as number,
    keyId: row[3] as string,
    reason: row[4] as string,
    at: row[5] as number,
  };
}

export function prepareCursorsTable(connection: DatabaseSync): CursorsTable {
  const columns = 'member, epoch, rank, seq, chain';
  const refusedColumns = 'member, epoch, seq, key_id, reason, at';
  // A cursor that damage made unreadable counts as absent: what it counted is only sent again.
  const readable = `${isReadable('rank')} AND ${isReadable('seq')}`;
  const get = prepareQuery(
    connection,
    `SELECT ${columns} FROM cursors WHERE member = ? AND epoch = ? AND ${readable}`,
  );
  const ofMember = prepareQuery(
    connection,
    `SELECT ${columns} FROM cursors WHERE member = ? AND ${readable} ORDER BY rank`,
  );
  const put = prepareCommand(
    connection,
    `INSERT OR REPLACE INTO cursors (${columns}) VALUES (?, ?, ?, ?, ?)`,
  );
  const remove = prepareCommand(connection, 'DELETE FROM cursors WHERE member = ? AND epoch = ?');
  const refused = prepareQuery(
    connection,
    `SELECT ${refusedColumns} FROM refused_keys
     WHERE member = ? AND ${isReadable('seq')} AND ${readableTime('at', 'NULL')} NOT NULL ORDER BY at DESC, epoch, seq DESC LIMIT ?`,
  );
  const refusalOf = prepareQuery(
    connection,
    'SELECT reason FROM refused_keys WHERE member = ? AND seq = ? LIMIT 1',
  );
  const putRefused = prepareCommand(
    connection,
    `INSERT OR REPLACE INTO refused_keys (${refusedColumns}) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const clearRefused = prepareCommand(connection, 'DELETE FROM refused_keys WHERE member = ?');
  return {
    get(memberId, epoch) {
      const row = get.first(memberId, epoch);
      return row === undefined ? undefined : cursorOf(row);
    },
    ofMember: (memberId) => ofMember.all(memberId).map(cursorOf),
    put: (cursor) => put(cursor.memberId, cursor.epoch, cursor.rank, cursor.seq, cursor.chain),
    delete: (memberId, epoch) => remove(memberId, epoch),
    refused: (memberId, limit) => refused.all(memberId, limit).map(refusedOf),
    refusalOf: (memberId, seq) => refusalOf.first(memberId, seq)?.[0] as string | undefined,
    putRefused: (key) => putRefused(key.memberId, key.epoch, key.seq, key.keyId, key.reason, key.at),
    clearRefused: (memberId) => clearRefused(memberId),
  };
}
