/** Keys of imports that are not recorded yet. In order of id, so that they are recorded as they load fastest. */
import type { DatabaseSync } from 'node:sqlite';
import { assert } from '#domain/errors.ts';
import type { StagedKey } from '../store.ts';
import { prepareCommand, prepareQuery, type Row } from './statement.ts';
import { uuidFromBytes, uuidToBytes } from './uuid-bytes.ts';

export interface StagedKeysTable {
  imports(): string[];
  count(importId: string): number;
  /** The first of these ids that the import has staged, or that stands among them twice. */
  firstKnown(importId: string, ids: readonly string[]): string | undefined;
  insert(importId: string, key: StagedKey): void;
  take(importId: string, limit: number): StagedKey[];
}

const COLUMNS = 'id, digest, device, fields, sealed, recorded_at';

function stagedOf(row: Row): StagedKey {
  return {
    id: uuidFromBytes(row[1] as Uint8Array),
    digest: row[2] as Uint8Array,
    deviceId: uuidFromBytes(row[3] as Uint8Array),
    fields: row[4] as string,
    sealed: row[5] as Uint8Array,
    recordedAt: row[6] as number,
  };
}

function bytesOf(id: string): Uint8Array {
  const bytes = uuidToBytes(id);
  assert(bytes !== undefined, 'ids of imports, keys and devices are UUIDs in lower case');
  return bytes;
}

export function prepareStagedKeysTable(connection: DatabaseSync): StagedKeysTable {
  // One step through the index for each import, not one for each key.
  const next = prepareQuery(connection, 'SELECT min(import) FROM staged_keys WHERE import > ?');
  const count = prepareQuery(connection, 'SELECT count(*) FROM staged_keys WHERE import = ?');
  const known = prepareQuery(
    connection,
    `SELECT asked.value FROM json_each(?) AS asked
     CROSS JOIN staged_keys AS staged ON staged.import = ? AND staged.id = unhex(asked.value, '-') LIMIT 1`,
  );
  const insert = prepareCommand(
    connection,
    `INSERT INTO staged_keys (import, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const first = prepareQuery(
    connection,
    `SELECT n, ${COLUMNS} FROM staged_keys WHERE import = ? ORDER BY id LIMIT ?`,
  );
  const remove = prepareCommand(connection, 'DELETE FROM staged_keys WHERE n = ?');
  return {
    imports() {
      const found: string[] = [];
      let last: Uint8Array = new Uint8Array(0);
      for (;;) {
        const bytes = next.first(last)?.[0] as Uint8Array | null | undefined;
        if (bytes === null || bytes === undefined) return found;
        found.push(uuidFromBytes(bytes));
        last = bytes;
      }
    },
    count(importId) {
      const bytes = uuidToBytes(importId);
      return bytes === undefined ? 0 : (count.first(bytes)?.[0] as number);
    },
    firstKnown(importId, ids) {
      const seen = new Set<string>();
      for (const id of ids) {
        if (seen.has(id)) return id;
        seen.add(id);
      }
      return known.first(JSON.stringify(ids), bytesOf(importId))?.[0] as string | undefined;
    },
    insert(importId, key) {
      insert(
        bytesOf(importId),
        bytesOf(key.id),
        key.digest,
        bytesOf(key.deviceId),
        key.fields,
        key.sealed,
        key.recordedAt,
      );
    },
    take(importId, limit) {
      const bytes = uuidToBytes(importId);
      if (bytes === undefined) return [];
      const rows = first.all(bytes, limit);
      for (const row of rows) remove(row[0] as number);
      return rows.map(stagedOf);
    },
  };
}
