/** Each table's columns, with their types and how a row has them: many rows are one statement. */
import type {
  AuditRow,
  AuditTile,
  Contact,
  Cursor,
  NotedReceipt,
  RefusedKey,
  StagedKey,
  StoredKey,
} from '../rows.ts';
import type { ReceiptTotals } from '#domain/receipt.ts';
import type { PlacedRow } from './placed-row.ts';
import type { Send } from './send-rows.ts';
import type { Answer, Scalar } from './session.ts';
import type { TableName } from './tables.ts';

type Column<T> = readonly [name: string, type: 'text' | 'bigint' | 'uuid' | 'bytea', of: (row: T) => Scalar];

/** What becomes of a row whose key is there already: a defect, written over, or left as it is. */
type Repeated = 'refused' | 'replaced' | 'kept';

export interface TableForm<T> {
  readonly columns: readonly Column<T>[];
  readonly insert: string;
  /** By the key's columns. */
  readonly remove: string;
}

/** @param keys how many of the columns, from the first on, name a row. */
function formOf<T>(
  table: TableName,
  repeated: Repeated,
  keys: number,
  columns: readonly Column<T>[],
): TableForm<T> {
  const names = columns.map(([name]) => name);
  const key = names.slice(0, keys);
  const arrays = (some: readonly Column<T>[]): string =>
    some.map(([, type], at) => `$${at + 1}::${type}[]`).join(', ');
  const replaced = names.slice(keys).map((name) => `${name} = excluded.${name}`);
  const behind: Readonly<Record<Repeated, string>> = {
    refused: '',
    replaced: `ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${replaced.join(', ')}`,
    kept: 'ON CONFLICT DO NOTHING',
  };
  return {
    columns,
    insert: `INSERT INTO keystair.${table} (${names.join(', ')}) SELECT * FROM unnest(${arrays(columns)}) ${behind[repeated]}`,
    remove: `DELETE FROM keystair.${table} USING unnest(${arrays(columns.slice(0, keys))}) AS gone (${key.join(', ')})
      WHERE ${key.map((name) => `${table}.${name} = gone.${name}`).join(' AND ')}`,
  };
}

export function insertRows<T>(
  send: Send,
  { insert, columns }: TableForm<T>,
  rows: readonly T[],
): Promise<Answer> {
  return send(
    insert,
    columns.map(([, , of]) => rows.map(of)),
  );
}

/** @param keys of the rows, as the form has them. */
export function removeRows<T>(
  send: Send,
  { remove }: TableForm<T>,
  keys: readonly (readonly string[])[],
): Promise<Answer> {
  const columns = keys[0]?.map((_, at) => keys.map((key) => key[at]!)) ?? [];
  return send(remove, columns);
}

export const KEYS = formOf<StoredKey>('keys', 'refused', 1, [
  ['seq', 'bigint', ({ seq }) => seq],
  ['id', 'uuid', ({ id }) => id],
  ['digest', 'bytea', ({ digest }) => digest],
  ['chain', 'bytea', ({ chain }) => chain],
  ['device', 'uuid', ({ deviceId }) => deviceId],
  ['fields', 'text', ({ fields }) => fields],
  ['sealed', 'bytea', ({ sealed }) => sealed],
  ['received_from', 'text', ({ receivedFrom }) => receivedFrom],
  ['recorded_at', 'bigint', ({ recordedAt }) => recordedAt],
]);

export const STAGED_KEYS = formOf<StagedKey & { readonly importId: string }>('staged_keys', 'refused', 2, [
  ['import', 'uuid', ({ importId }) => importId],
  ['id', 'uuid', ({ id }) => id],
  ['digest', 'bytea', ({ digest }) => digest],
  ['device', 'uuid', ({ deviceId }) => deviceId],
  ['fields', 'text', ({ fields }) => fields],
  ['sealed', 'bytea', ({ sealed }) => sealed],
  ['recorded_at', 'bigint', ({ recordedAt }) => recordedAt],
]);

export const TRUSTED_ROWS = formOf<PlacedRow>('trusted_rows', 'replaced', 2, [
  ['kind', 'text', ({ row }) => row.kind],
  ['id', 'text', ({ row }) => row.id],
  ['body', 'text', ({ row }) => row.body],
  ['mac', 'bytea', ({ row }) => row.mac],
  ['place', 'text', ({ at }) => at.place],
  ['sort_name', 'text', ({ at }) => at.sortName],
  ['state', 'text', ({ at }) => at.state],
  ['device_group', 'text', ({ at }) => at.group],
]);

export const CURSORS = formOf<Cursor>('cursors', 'replaced', 2, [
  ['member', 'text', ({ memberId }) => memberId],
  ['epoch', 'text', ({ epoch }) => epoch],
  ['rank', 'bigint', ({ rank }) => rank],
  ['seq', 'bigint', ({ seq }) => seq],
  ['chain', 'bytea', ({ chain }) => chain],
]);

export const REFUSED_KEYS = formOf<RefusedKey>('refused_keys', 'replaced', 3, [
  ['member', 'text', ({ memberId }) => memberId],
  ['epoch', 'text', ({ epoch }) => epoch],
  ['seq', 'bigint', ({ seq }) => seq],
  ['key_id', 'text', ({ keyId }) => keyId],
  ['reason', 'text', ({ reason }) => reason],
  ['at', 'bigint', ({ at }) => at],
]);

export const CONTACTS = formOf<Contact>('contacts', 'replaced', 1, [
  ['id', 'text', ({ id }) => id],
  ['last_heartbeat_at', 'bigint', ({ lastHeartbeatAt }) => lastHeartbeatAt],
  ['body', 'text', ({ body }) => body],
]);

export const RECEIPTS = formOf<NotedReceipt>('receipts', 'kept', 2, [
  ['seq', 'bigint', ({ seq }) => seq],
  ['device', 'uuid', ({ deviceId }) => deviceId],
]);

export const RECEIPT_TOTALS = formOf<ReceiptTotals & { readonly deviceId: string }>(
  'receipt_totals',
  'replaced',
  1,
  [
    ['device', 'uuid', ({ deviceId }) => deviceId],
    ['count', 'bigint', ({ count }) => count],
    ['digest', 'bytea', ({ digest }) => digest],
  ],
);

export const AUDIT = formOf<AuditRow>('audit', 'refused', 1, [
  ['seq', 'bigint', ({ seq }) => seq],
  ['event', 'text', ({ event }) => event],
  ['chain', 'bytea', ({ chain }) => chain],
  ['mac', 'bytea', ({ mac }) => mac],
]);

export const AUDIT_TILES = formOf<AuditTile>('audit_tiles', 'replaced', 2, [
  ['level', 'bigint', ({ level }) => level],
  ['n', 'bigint', ({ index }) => index],
  ['hashes', 'bytea', ({ hashes }) => hashes],
]);
