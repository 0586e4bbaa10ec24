/**
 * Reads a row of an encryption key. Its columns of bytes come as one value: each value that SQLite hands over takes a
 * third as long as the row.
 *
 * Invariant: the result is what the row holds. Where damage gave a column another kind or length, each column is read
 * by itself.
 */
import type { DatabaseSync } from 'node:sqlite';
import { assert } from '#domain/errors.ts';
import type { StoredKey } from '../rows.ts';
import { prepareQuery, readableTime, type Row } from './statement.ts';
import { UUID_BYTES, uuidFromBytes } from './uuid-bytes.ts';

export const KEY_COLUMNS = 'seq, id, digest, chain, device, fields, sealed, received_from, recorded_at';

const HASH_BYTES = 32;
const DIGEST_AT = UUID_BYTES;
const CHAIN_AT = DIGEST_AT + HASH_BYTES;
const DEVICE_AT = CHAIN_AT + HASH_BYTES;
const SEALED_AT = DEVICE_AT + UUID_BYTES;

function isBytes(column: string, length: number): string {
  return `typeof(${column}) = 'blob' AND length(${column}) = ${length}`;
}

const IS_WHOLE = [
  isBytes('id', UUID_BYTES),
  isBytes('digest', HASH_BYTES),
  isBytes('chain', HASH_BYTES),
  isBytes('device', UUID_BYTES),
  "typeof(sealed) = 'blob'",
].join(' AND ');

/** A time that a damaged row cannot mean would fail every row read with it; this way only that row does not open. */
const RECORDED_AT = readableTime('recorded_at', '-1');

/** The columns that `keyOf` takes. */
export const READ_COLUMNS = `seq, CASE WHEN ${IS_WHOLE}
  THEN CAST(id || digest || chain || device || sealed AS BLOB) END, fields, received_from, ${RECORDED_AT}`;

/** An invalid id would fail every row read with it; this way only that row is under no device. */
function deviceFromBytes(bytes: Uint8Array): string {
  return bytes.length === UUID_BYTES ? uuidFromBytes(bytes) : '';
}

/** @returns the key of a row of READ_COLUMNS. Throws `data-damaged` where its id is none. */
export function prepareKeyOf(connection: DatabaseSync): (row: Row) => StoredKey {
  const apart = prepareQuery(connection, 'SELECT id, digest, chain, device, sealed FROM keys WHERE seq = ?');
  return (row) => {
    const [seq, packed, fields, receivedFrom, recordedAt] = row as [
      number,
      Uint8Array | null,
      string,
      string,
      number,
    ];
    const rest = { seq, fields, receivedFrom, recordedAt };
    if (packed !== null) {
      return {
        id: uuidFromBytes(packed.subarray(0, DIGEST_AT)),
        digest: packed.subarray(DIGEST_AT, CHAIN_AT),
        chain: packed.subarray(CHAIN_AT, DEVICE_AT),
        deviceId: uuidFromBytes(packed.subarray(DEVICE_AT, SEALED_AT)),
        sealed: packed.subarray(SEALED_AT),
        ...rest,
      };
    }
    const columns = apart.first(seq);
    assert(columns !== undefined, 'a row stays where it was read');
    const [id, digest, chain, device, sealed] = columns as readonly Uint8Array[];
    return {
      id: uuidFromBytes(id!),
      digest: digest!,
      chain: chain!,
      deviceId: deviceFromBytes(device!),
      sealed: sealed!,
      ...rest,
    };
  };
}
