/** A table with nothing but a rising id and bytes, durable as our store is: WAL, and a sync at each commit. */
import { DatabaseSync } from 'node:sqlite';

export interface RawTable {
  begin(): void;
  insert(row: Uint8Array): void;
  /** Returns when the rows are on the disk. */
  commit(): void;
  close(): void;
}

export function openRawTable(path: string): RawTable {
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -32768;
    PRAGMA wal_autocheckpoint = 4000;
    CREATE TABLE IF NOT EXISTS rows (id BLOB PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
  `);
  const begin = database.prepare('BEGIN IMMEDIATE');
  const insert = database.prepare('INSERT INTO rows (id, body) VALUES (?, ?)');
  const commit = database.prepare('COMMIT');
  const last = database.prepare('SELECT max(id) AS id FROM rows').get() as { id: Uint8Array | null };
  let next = last.id === null ? 0n : Buffer.from(last.id).readBigUInt64BE(0) + 1n;
  return {
    begin: () => void begin.run(),
    insert(row) {
      const id = Buffer.alloc(16);
      id.writeBigUInt64BE(next, 0);
      next += 1n;
      insert.run(id, row);
    },
    commit: () => void commit.run(),
    close: () => database.close(),
  };
}
