/**
 * Rows of encryption keys: appended and read. Only two things change: a record is re-encrypted under the new data key,
 * and a damaged row is written whole.
 */
import { type Position, SEQUENCE_START } from '#domain/sequence.ts';
import type { DatabaseSync } from 'node:sqlite';
import { UUID_PATTERN } from '#domain/uuid.ts';
import { assert } from '#domain/errors.ts';
import type { StoredKey } from '../rows.ts';
import { KEY_COLUMNS, prepareKeyOf, READ_COLUMNS } from './key-row.ts';
import { DEVICE_PART_BITS } from './schema.ts';
import { assertNoConflict } from './sqlite-failure.ts';
import { prepareCommand, prepareQuery } from './statement.ts';
import { uuidToBytes } from './uuid-bytes.ts';

export interface KeysTable {
  head(): Position;
  chainAt(seq: number): Uint8Array | undefined;
  byId(id: string): StoredKey | undefined;
  known(ids: readonly string[]): Map<string, { seq: number; digest: Uint8Array }>;
  after(seq: number, limit: number): StoredKey[];
  byDevice(deviceId: string, afterSeq: number, limit: number): StoredKey[];
  /** The first number above this one: a walk goes from row to row, not over a gap that damage made a billion wide. */
  nextAfter(seq: number): number | undefined;
  /** Keys numbered above `afterSeq` up to `lastSeq` that may fit: `fieldsLike` and `idLike` are patterns of LIKE. */
  scan(
    afterSeq: number,
    lastSeq: number,
    fieldsLike: string,
    idLike: string | null,
    limit: number,
  ): StoredKey[];
  countByDevice(deviceId: string): number;
  insert(row: StoredKey): void;
  /** Whether there is such a row. */
  replaceSealed(seq: number, sealed: Uint8Array): boolean;
  /** Only for a row that is written again in the same transaction. */
  remove(seq: number): void;
  /** Digest and chain value at a number. */
  linkAt(seq: number): { readonly digest: Uint8Array; readonly chain: Uint8Array } | undefined;
}

export function prepareKeysTable(connection: DatabaseSync): KeysTable {
  const part = `seq >> ${DEVICE_PART_BITS}`;
  const keyOf = prepareKeyOf(connection);
  const head = prepareQuery(connection, 'SELECT seq, chain FROM keys ORDER BY seq DESC LIMIT 1');
  const chainAt = prepareQuery(connection, 'SELECT chain FROM keys WHERE seq = ?');
  const next = prepareQuery(connection, 'SELECT seq FROM keys WHERE seq > ? ORDER BY seq LIMIT 1');
  const byId = prepareQuery(connection, `SELECT ${READ_COLUMNS} FROM keys WHERE id = ?`);
  // One statement for all: single ones would each take and drop the read lock, which costs more than the search.
  const known = prepareQuery(
    connection,
    "SELECT asked.key, seq, digest FROM json_each(?) AS asked CROSS JOIN keys ON keys.id = unhex(asked.value, '-')",
  );
  const after = prepareQuery(
    connection,
    `SELECT ${READ_COLUMNS} FROM keys WHERE seq > ? ORDER BY seq LIMIT ?`,
  );
  const byDevice = prepareQuery(
    connection,
    `SELECT ${READ_COLUMNS} FROM keys WHERE ${part} = ? AND device = ? AND seq > ? ORDER BY seq LIMIT ?`,
  );
  const countByDevice = prepareQuery(
    connection,
    `WITH RECURSIVE parts (part) AS (
       SELECT 0 UNION ALL
       SELECT (SELECT ${part} FROM keys WHERE seq >= (parts.part + 1) << ${DEVICE_PART_BITS} ORDER BY seq LIMIT 1)
       FROM parts WHERE parts.part IS NOT NULL)
     SELECT count(*) FROM parts CROSS JOIN keys WHERE ${part} = parts.part AND device = ?`,
  );
  const scan = prepareQuery(
    connection,
    `SELECT ${READ_COLUMNS} FROM keys WHERE seq > ? AND seq <= ? AND (fields LIKE ? ESCAPE '\\' OR hex(id) LIKE ?)
     ORDER BY seq LIMIT ?`,
  );
  const insert = prepareCommand(
    connection,
    `INSERT INTO keys (${KEY_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = prepareCommand(connection, 'DELETE FROM keys WHERE seq = ?');
  const linkAt = prepareQuery(connection, 'SELECT digest, chain FROM keys WHERE seq = ?');
  const replaceSealed = prepareQuery(connection, 'UPDATE keys SET sealed = ? WHERE seq = ? RETURNING seq');

  const headNow = (): Position => {
    const row = head.first();
    return row === undefined ? SEQUENCE_START : { seq: row[0] as number, chain: row[1] as Uint8Array };
  };
  const nextAfter = (seq: number): number | undefined => next.first(seq)?.[0] as number | undefined;
  const partOf = (seq: number): number => Math.floor(seq / 2 ** DEVICE_PART_BITS);

  return {
    head: headNow,
    chainAt: (seq) =>
      seq === 0 ? SEQUENCE_START.chain : (chainAt.first(seq)?.[0] as Uint8Array | undefined),
    byId(id) {
      const bytes = uuidToBytes(id);
      const row = bytes === undefined ? undefined : byId.first(bytes);
      return row === undefined ? undefined : keyOf(row);
    },
    known(ids) {
      const found = new Map<string, { seq: number; digest: Uint8Array }>();
      for (const row of known.all(JSON.stringify(ids))) {
        const id = ids[row[0] as number]!;
        if (UUID_PATTERN.test(id)) found.set(id, { seq: row[1] as number, digest: row[2] as Uint8Array });
      }
      return found;
    },
    after: (seq, limit) => after.all(seq, limit).map(keyOf),
    byDevice(deviceId, afterSeq, limit) {
      const device = uuidToBytes(deviceId);
      const found: StoredKey[] = [];
      if (device === undefined) return found;
      let at: number | undefined = partOf(afterSeq);
      while (at !== undefined && found.length < limit) {
        found.push(...byDevice.all(at, device, afterSeq, limit - found.length).map(keyOf));
        const next = nextAfter((at + 1) * 2 ** DEVICE_PART_BITS - 1);
        at = next === undefined ? undefined : partOf(next);
      }
      return found;
    },
    nextAfter,
    scan: (afterSeq, lastSeq, fieldsLike, idLike, limit) =>
      scan.all(afterSeq, lastSeq, fieldsLike, idLike, limit).map(keyOf),
    countByDevice(deviceId) {
      const device = uuidToBytes(deviceId);
      if (device === undefined) return 0;
      return countByDevice.first(device)?.[0] as number;
    },
    remove: (seq) => remove(seq),
    linkAt(seq) {
      const row = linkAt.first(seq);
      return row === undefined ? undefined : { digest: row[0] as Uint8Array, chain: row[1] as Uint8Array };
    },
    replaceSealed: (seq, sealed) => replaceSealed.first(sealed, seq) !== undefined,
    insert(row) {
      const id = uuidToBytes(row.id);
      const device = uuidToBytes(row.deviceId);
      assert(id !== undefined && device !== undefined, 'ids of keys and devices are UUIDs in lower case');
      try {
        insert(
          row.seq,
          id,
          row.digest,
          row.chain,
          device,
          row.fields,
          row.sealed,
          row.receivedFrom,
          row.recordedAt,
        );
      } catch (error) {
        assertNoConflict(error, 'a key is appended once, under a number of its own');
        throw error;
      }
    },
  };
}
