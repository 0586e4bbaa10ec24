/** Keys of imports that are not recorded yet, in order of id, which is the order in which they load fastest. */
import type { DatabaseSync } from 'node:sqlite';
import { assert } from '#domain/errors.ts';
import type { PlacedKey, StagedHead, StagedKey } from '../rows.ts';
import { prepareCommand, prepareQuery } from './statement.ts';
import { uuidFromBytes, uuidToBytes } from './uuid-bytes.ts';

export interface StagedKeysTable {
  imports(): string[];
  count(importId: string): number;
  /** The first of these ids that the import has staged already, or that occurs twice among them. */
  firstKnown(importId: string, ids: readonly string[]): string | undefined;
  insert(importId: string, keys: readonly StagedKey[]): void;
  heads(importId: string, limit: number): StagedHead[];
  /** Copies rows into the table of keys, numbered from `firstSeq`. Returns how many there were to copy. */
  copyToKeys(importId: string, keys: readonly PlacedKey[], firstSeq: number, receivedFrom: string): number;
  /** Deletes the first rows. Returns how many there were. */
  drop(importId: string, limit: number): number;
}

const ID_BYTES = 16;
const CHAIN_BYTES = 32;

function bytesOf(id: string): Uint8Array {
  const bytes = uuidToBytes(id);
  assert(bytes !== undefined, 'ids of imports, keys and devices are UUIDs in lower case');
  return bytes;
}

export function prepareStagedKeysTable(connection: DatabaseSync): StagedKeysTable {
  // One step through the index for each import, not for each key.
  const next = prepareQuery(connection, 'SELECT min(import) FROM staged_keys WHERE import > ?');
  const count = prepareQuery(connection, 'SELECT count(*) FROM staged_keys WHERE import = ?');
  const known = prepareQuery(
    connection,
    `SELECT asked.value FROM json_each(?) AS asked
     CROSS JOIN staged_keys AS staged ON staged.import = ? AND staged.id = unhex(asked.value, '-') LIMIT 1`,
  );
  const insert = prepareCommand(
    connection,
    `INSERT INTO staged_keys (import, id, digest, device, fields, sealed, recorded_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  // One value for both: each value of bytes costs as much as the row.
  const heads = prepareQuery(
    connection,
    `SELECT CAST(id || digest AS BLOB), length(sealed) = 0 FROM staged_keys
     WHERE import = ? ORDER BY id LIMIT ?`,
  );
  const copy = prepareCommand(
    connection,
    `INSERT INTO keys (seq, id, digest, chain, device, fields, sealed, received_from, recorded_at)
     SELECT ? + asked.key, staged.id, digest, substr(?, asked.key * ${CHAIN_BYTES} + 1, ${CHAIN_BYTES}),
       device, fields, sealed, ?, recorded_at
     FROM json_each(?) AS asked
     CROSS JOIN staged_keys AS staged ON staged.import = ? AND staged.id = unhex(asked.value, '-')`,
  );
  const drop = prepareCommand(
    connection,
    `DELETE FROM staged_keys WHERE n IN (SELECT n FROM staged_keys WHERE import = ? ORDER BY id LIMIT ?)`,
  );
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
    insert(importId, keys) {
      const bytes = bytesOf(importId);
      for (const { id, digest, deviceId, fields, sealed, recordedAt } of keys) {
        insert(bytes, bytesOf(id), digest, bytesOf(deviceId), fields, sealed, recordedAt);
      }
    },
    heads(importId, limit) {
      const bytes = uuidToBytes(importId);
      if (bytes === undefined) return [];
      return heads.all(bytes, limit).map((row) => {
        const both = row[0] as Uint8Array;
        return {
          id: uuidFromBytes(both.subarray(0, ID_BYTES)),
          digest: both.subarray(ID_BYTES),
          forIdOnly: row[1] === 1,
        };
      });
    },
    copyToKeys(importId, keys, firstSeq, receivedFrom) {
      const chains = Buffer.concat(keys.map(({ chain }) => chain));
      const ids = JSON.stringify(keys.map(({ id }) => id));
      return copy(firstSeq, chains, receivedFrom, ids, bytesOf(importId));
    },
    drop(importId, limit) {
      const bytes = uuidToBytes(importId);
      return bytes === undefined ? 0 : drop(bytes, limit);
    },
  };
}
