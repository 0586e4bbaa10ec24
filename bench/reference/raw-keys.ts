/**
 * Our table of keys with nothing around it: the same columns and indexes, rising ids, rows as large as ours, durable as
 * our store is. What each row holds is made before the clock runs.
 */
import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { ensureSchema } from '#store/sqlite/schema.ts';

const DEVICES = 10_000;
/** Public fields, sealed material, and where it came from, of a sample key. */
const FIELDS_CHARACTERS = 430;
const SEALED_BYTES = 104;
const RECEIVED_FROM = 'secondary:019a0000-0000-4000-8000-00000000000a';

export function openRawKeys(path: string) {
  const database = new DatabaseSync(path, { returnArrays: true });
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -32768;
    PRAGMA wal_autocheckpoint = 4000;
  `);
  ensureSchema(database, path);
  const begin = database.prepare('BEGIN IMMEDIATE');
  const insert = database.prepare('INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const commit = database.prepare('COMMIT');
  const devices = Array.from({ length: DEVICES }, () => randomBytes(16));
  const digest = randomBytes(32);
  const fields = 'x'.repeat(FIELDS_CHARACTERS);
  const sealed = randomBytes(SEALED_BYTES);
  const id = randomBytes(16);
  let seq = 0;
  return {
    begin: () => void begin.run(),
    insert() {
      seq += 1;
      id.writeUIntBE(seq, 0, 6);
      insert.run(seq, id, digest, digest, devices[seq % DEVICES]!, fields, sealed, RECEIVED_FROM, seq);
    },
    commit: () => void commit.run(),
    close: () => database.close(),
  };
}
