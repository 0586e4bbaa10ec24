/**
 * The repository at one moment: a read transaction on a connection of its own, which SQLite's write-ahead log keeps
 * whole while others write. Invariant: nothing here writes, and each page is read between two turns of the event loop.
 */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { KeystairError } from '#domain/errors.ts';
import type { RepositoryPage, RepositoryTable, RepositoryTables, Snapshot } from '../snapshot.ts';
import { REPOSITORY_TABLES } from '../snapshot.ts';
import type { TrustedKind } from '../rows.ts';
import { SqliteReader } from './sqlite-reader.ts';
import { prepareQuery, type Row } from './statement.ts';
import { prepareTables } from './tables.ts';
import { uuidFromBytes } from './uuid-bytes.ts';

/** Rows read between two turns of the event loop: some 5 ms. */
const PAGE_ROWS = 500;

/** How a table is walked: in order of its unique columns. */
interface Walk<T> {
  readonly from: string;
  readonly by: readonly string[];
  readonly columns: readonly string[];
  readonly rowOf: (row: Row) => T;
}

type Walks = { readonly [T in RepositoryTable]: Walk<RepositoryTables[T]> };

const WALKS: Walks = {
  'trusted-rows': {
    from: 'trusted_rows',
    by: ['kind', 'id'],
    columns: ['kind', 'id', 'body', 'mac'],
    rowOf: ([kind, id, body, mac]) => ({
      kind: kind as TrustedKind,
      id: id as string,
      body: body as string,
      mac: mac as Uint8Array,
    }),
  },
  keys: {
    from: 'keys',
    by: ['seq'],
    columns: ['seq', 'id', 'digest', 'chain', 'device', 'fields', 'sealed', 'received_from', 'recorded_at'],
    rowOf: ([seq, id, digest, chain, device, fields, sealed, receivedFrom, recordedAt]) => ({
      seq: seq as number,
      id: uuidFromBytes(id as Uint8Array),
      digest: digest as Uint8Array,
      chain: chain as Uint8Array,
      deviceId: uuidFromBytes(device as Uint8Array),
      fields: fields as string,
      sealed: sealed as Uint8Array,
      receivedFrom: receivedFrom as string,
      recordedAt: recordedAt as number,
    }),
  },
  'staged-keys': {
    from: 'staged_keys',
    by: ['import', 'id'],
    columns: ['import', 'id', 'digest', 'device', 'fields', 'sealed', 'recorded_at'],
    rowOf: ([importId, id, digest, device, fields, sealed, recordedAt]) => ({
      importId: uuidFromBytes(importId as Uint8Array),
      id: uuidFromBytes(id as Uint8Array),
      digest: digest as Uint8Array,
      deviceId: uuidFromBytes(device as Uint8Array),
      fields: fields as string,
      sealed: sealed as Uint8Array,
      recordedAt: recordedAt as number,
    }),
  },
  cursors: {
    from: 'cursors',
    by: ['member', 'epoch'],
    columns: ['member', 'epoch', 'rank', 'seq', 'chain'],
    rowOf: ([memberId, epoch, rank, seq, chain]) => ({
      memberId: memberId as string,
      epoch: epoch as string,
      rank: rank as number,
      seq: seq as number,
      chain: chain as Uint8Array,
    }),
  },
  'refused-keys': {
    from: 'refused_keys',
    by: ['member', 'epoch', 'seq'],
    columns: ['member', 'epoch', 'seq', 'key_id', 'reason', 'at'],
    rowOf: ([memberId, epoch, seq, keyId, reason, at]) => ({
      memberId: memberId as string,
      epoch: epoch as string,
      seq: seq as number,
      keyId: keyId as string,
      reason: reason as string,
      at: at as number,
    }),
  },
  contacts: {
    from: 'contacts',
    by: ['id'],
    columns: ['id', 'last_heartbeat_at', 'body'],
    rowOf: ([id, lastHeartbeatAt, body]) => ({
      id: id as string,
      lastHeartbeatAt: lastHeartbeatAt as number | null,
      body: body as string,
    }),
  },
  receipts: {
    from: 'receipts',
    by: ['seq', 'device'],
    columns: ['seq', 'device'],
    rowOf: ([seq, device]) => ({ deviceId: uuidFromBytes(device as Uint8Array), seq: seq as number }),
  },
  'receipt-totals': {
    from: 'receipt_totals',
    by: ['device'],
    columns: ['device', 'count', 'digest'],
    rowOf: ([device, count, digest]) => ({
      deviceId: uuidFromBytes(device as Uint8Array),
      count: count as number,
      digest: digest as Uint8Array,
    }),
  },
  audit: {
    from: 'audit',
    by: ['seq'],
    columns: ['seq', 'event', 'chain', 'mac'],
    rowOf: ([seq, event, chain, mac]) => ({
      seq: seq as number,
      event: event as string,
      chain: chain as Uint8Array,
      mac: mac as Uint8Array,
    }),
  },
};

/** Pages of one table, each beginning after the last row of the one before. */
function* walk(connection: DatabaseSync, table: RepositoryTable): Generator<RepositoryPage, void, undefined> {
  const { from, by, columns, rowOf } = WALKS[table];
  const place = by.join(', ');
  const select = `SELECT ${columns.join(', ')} FROM ${from}`;
  const marks = by.map(() => '?').join(', ');
  const first = prepareQuery(connection, `${select} ORDER BY ${place} LIMIT ?`);
  const next = prepareQuery(connection, `${select} WHERE (${place}) > (${marks}) ORDER BY ${place} LIMIT ?`);
  const places = by.map((name) => columns.indexOf(name));
  for (let rows = first.all(PAGE_ROWS); rows.length > 0; ) {
    yield { table, rows: rows.map((row) => rowOf(row)) } as RepositoryPage;
    const last = rows.at(-1)!;
    rows =
      rows.length < PAGE_ROWS ? [] : next.all(...places.map((at) => last[at] as SQLInputValue), PAGE_ROWS);
  }
}

/** @param connection its own, closed at the end. @param explain the error as its caller should see it. */
export function snapshotOf(
  connection: DatabaseSync,
  explain: (error: unknown) => unknown,
  onReleased: () => void,
): Snapshot {
  let released = false;
  const guarded = <T>(read: () => T): T => {
    if (released) throw stopped();
    try {
      return read();
    } catch (error) {
      throw explain(error);
    }
  };
  // The first read takes the snapshot; until then, BEGIN alone holds nothing.
  const tables = guarded(() => {
    connection.exec('BEGIN');
    prepareQuery(connection, 'SELECT count(*) FROM sqlite_schema').first();
    return prepareTables(connection);
  });
  return {
    reader: new SqliteReader(async (read) => guarded(() => read(tables))),
    async *pages() {
      for (const table of REPOSITORY_TABLES) {
        const pages = walk(connection, table);
        for (;;) {
          const next = guarded(() => pages.next());
          if (next.done === true) break;
          yield next.value;
          await turn();
        }
      }
    },
    async release() {
      if (released) return;
      released = true;
      connection.close();
      onReleased();
    },
  };
}

function stopped(): KeystairError {
  return new KeystairError('interrupted', 'the repository was closed while it was being read', {
    nextStep: 'start the server again, and run the command again',
  });
}
