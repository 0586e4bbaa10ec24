/**
 * Rows of encryption keys: appended and read. Only two things change: a record is re-encrypted under the new data key,
 * and a damaged row is written whole.
 */
import { type Position, SEQUENCE_START } from '#domain/sequence.ts';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { UUID_PATTERN } from '#domain/uuid.ts';
import { assert } from '#domain/errors.ts';
import type { StoredKey } from '../rows.ts';
import type { KeySpan } from '../key-span.ts';
import type { KeyOrder } from '../transaction.ts';
import { KEY_COLUMNS, prepareKeyOf, READ_COLUMNS } from './key-row.ts';
import { DEVICE_PART_BITS } from './schema.ts';
import { assertNoConflict } from './sqlite-failure.ts';
import { prepareCommand, prepareQuery, type Query } from './statement.ts';
import { uuidToBytes } from './uuid-bytes.ts';

/** What SQLite narrows a scan down by; never too far. The texts are patterns of LIKE. */
export interface KeyMarks {
  readonly fieldsLike: string;
  readonly idLike: string | null;
  /** Stands in the fields as it is. */
  readonly inFields: string;
  /** Unix ms, both included. */
  readonly recordedFrom: number | bigint;
  readonly recordedTo: number | bigint;
}

export interface KeysTable {
  head(): Position;
  chainAt(seq: number): Uint8Array | undefined;
  byId(id: string): StoredKey | undefined;
  known(ids: readonly string[]): Map<string, { seq: number; digest: Uint8Array }>;
  after(seq: number, limit: number): StoredKey[];
  byDevice(deviceId: string, span: KeySpan, limit: number): StoredKey[];
  /** The first number of the span: a walk goes from row to row, not over a gap that damage made a billion wide. */
  first(span: KeySpan): number | undefined;
  /** Keys of the span that may fit. */
  scan(span: KeySpan, marks: KeyMarks, limit: number): StoredKey[];
  /** Ids of managed devices whose rows name one of these groups, as the keys have them; no more than `most`. */
  devicesOf(groups: readonly string[], most: number): readonly string[];
  /** Keys of these devices in the part of the sequence that holds `seq`, which may fit. */
  inPart(seq: number, devices: readonly string[], span: KeySpan, marks: KeyMarks, limit: number): StoredKey[];
  /** As `scan`; of managed devices whose rows name one of these groups. */
  scanGroups(groups: readonly string[], span: KeySpan, marks: KeyMarks, limit: number): StoredKey[];
  countByDevice(deviceId: string): number;
  insert(row: StoredKey): void;
  /** Whether there is such a row. */
  replaceSealed(seq: number, sealed: Uint8Array): boolean;
  /** Only for a row that is written again in the same transaction. */
  remove(seq: number): void;
  /** Digest and chain value at a number. */
  linkAt(seq: number): { readonly digest: Uint8Array; readonly chain: Uint8Array } | undefined;
}

/** A device's id as members have it. */
const UUID_TEXT = `lower(${[
  [1, 4],
  [5, 2],
  [7, 2],
  [9, 2],
  [11, 6],
]
  .map(([from, length]) => `hex(substr(device, ${from}, ${length}))`)
  .join(" || '-' || ")})`;

function scanned({ above, below }: KeySpan, marks: KeyMarks, limit: number): readonly SQLInputValue[] {
  const { recordedFrom, recordedTo, inFields, fieldsLike, idLike } = marks;
  return [above, below, recordedFrom, recordedTo, inFields, fieldsLike, idLike, limit];
}

export function prepareKeysTable(connection: DatabaseSync): KeysTable {
  const part = `seq >> ${DEVICE_PART_BITS}`;
  const keyOf = prepareKeyOf(connection);
  const head = prepareQuery(connection, 'SELECT seq, chain FROM keys ORDER BY seq DESC LIMIT 1');
  const chainAt = prepareQuery(connection, 'SELECT chain FROM keys WHERE seq = ?');
  const inOrder = <T>(prepare: (by: 'ASC' | 'DESC') => T): Readonly<Record<KeyOrder, T>> => ({
    oldest: prepare('ASC'),
    newest: prepare('DESC'),
  });
  const first = inOrder((by) =>
    prepareQuery(connection, `SELECT seq FROM keys WHERE seq > ? AND seq < ? ORDER BY seq ${by} LIMIT 1`),
  );
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
  const byDevice = inOrder((by) =>
    prepareQuery(
      connection,
      `SELECT ${READ_COLUMNS} FROM keys
       WHERE ${part} = ? AND device = ? AND seq > ? AND seq < ? ORDER BY seq ${by} LIMIT ?`,
    ),
  );
  const countByDevice = prepareQuery(
    connection,
    `WITH RECURSIVE parts (part) AS (
       SELECT 0 UNION ALL
       SELECT (SELECT ${part} FROM keys WHERE seq >= (parts.part + 1) << ${DEVICE_PART_BITS} ORDER BY seq LIMIT 1)
       FROM parts WHERE parts.part IS NOT NULL)
     SELECT count(*) FROM parts CROSS JOIN keys WHERE ${part} = parts.part AND device = ?`,
  );
  const scanning = (where: string): Readonly<Record<KeyOrder, Query>> =>
    inOrder((by) =>
      prepareQuery(
        connection,
        `SELECT ${READ_COLUMNS} FROM keys
         WHERE ${where} seq > ? AND seq < ? AND recorded_at BETWEEN ? AND ? AND instr(fields, ?)
           AND (fields LIKE ? ESCAPE '\\' OR hex(id) LIKE ?)
         ORDER BY seq ${by} LIMIT ?`,
      ),
    );
  const scan = scanning('');
  const ofGroups =
    "kind = 'member' AND place = 'device' AND state = 'managed' AND device_group IN (SELECT value FROM json_each(?))";
  const devicesOf = prepareQuery(
    connection,
    `SELECT id FROM trusted_rows INDEXED BY devices_by_group WHERE ${ofGroups} LIMIT ?`,
  );
  const inPart = scanning(`${part} = ? AND device IN (SELECT unhex(value, '-') FROM json_each(?)) AND`);
  const scanGroups = scanning(
    `EXISTS (SELECT 1 FROM trusted_rows WHERE ${ofGroups} AND trusted_rows.id = ${UUID_TEXT}) AND`,
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
  const firstOf = ({ above, below, order }: KeySpan): number | undefined =>
    first[order].first(above, below)?.[0] as number | undefined;
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
    byDevice(deviceId, span, limit) {
      const device = uuidToBytes(deviceId);
      const found: StoredKey[] = [];
      if (device === undefined) return found;
      const { above, below, order } = span;
      let left = span;
      while (found.length < limit) {
        const seq = firstOf(left);
        if (seq === undefined) break;
        const at = partOf(seq);
        const rows = byDevice[order].all(at, device, above, below, limit - found.length);
        found.push(...rows.map(keyOf));
        left =
          order === 'oldest'
            ? { ...left, above: (at + 1) * 2 ** DEVICE_PART_BITS - 1 }
            : { ...left, below: at * 2 ** DEVICE_PART_BITS };
      }
      return found;
    },
    first: firstOf,
    scan: (span, marks, limit) => scan[span.order].all(...scanned(span, marks, limit)).map(keyOf),
    devicesOf: (groups, most) => devicesOf.all(JSON.stringify(groups), most).map(([id]) => String(id)),
    inPart: (seq, devices, span, marks, limit) =>
      inPart[span.order].all(partOf(seq), JSON.stringify(devices), ...scanned(span, marks, limit)).map(keyOf),
    scanGroups: (groups, span, marks, limit) =>
      scanGroups[span.order].all(JSON.stringify(groups), ...scanned(span, marks, limit)).map(keyOf),
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
