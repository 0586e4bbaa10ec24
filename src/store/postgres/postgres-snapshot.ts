/** The repository at one moment: a read-only transaction on a connection of its own. Invariant: nothing here writes. */
import { KeystairError } from '#domain/errors.ts';
import type { RepositoryPage, RepositoryTable, Snapshot } from '../snapshot.ts';
import { REPOSITORY_TABLES } from '../snapshot.ts';
import { PostgresReader } from './postgres-reader.ts';
import {
  AUDIT_COLUMNS,
  auditOf,
  CONTACT_COLUMNS,
  contactOf,
  CURSOR_COLUMNS,
  cursorOf,
  KEY_COLUMNS,
  keyOf,
  REFUSED_COLUMNS,
  refusedOf,
  TRUSTED_COLUMNS,
  trustedOf,
} from './row-forms.ts';
import type { Row, Session } from './session.ts';

/** Rows of one page: some 1 MB of the longest. */
const PAGE_ROWS = 1000;

/** How a table is walked: in order of its unique columns, which its list of columns begins with or names. */
interface Walk {
  readonly from: string;
  /** Each with its type, which a value of its own does not tell. */
  readonly by: readonly (readonly [column: string, type: string])[];
  readonly columns: string;
  readonly rowOf: (row: Row) => unknown;
}

const WALKS: Readonly<Record<RepositoryTable, Walk>> = {
  'trusted-rows': {
    from: 'trusted_rows',
    by: [
      ['kind', 'text'],
      ['id', 'text'],
    ],
    columns: TRUSTED_COLUMNS,
    rowOf: trustedOf,
  },
  keys: { from: 'keys', by: [['seq', 'bigint']], columns: KEY_COLUMNS, rowOf: keyOf },
  'staged-keys': {
    from: 'staged_keys',
    by: [
      ['import', 'uuid'],
      ['id', 'uuid'],
    ],
    columns: 'import, id, digest, device, fields, sealed, recorded_at',
    rowOf: ([importId, id, digest, deviceId, fields, sealed, recordedAt]) => ({
      importId,
      id,
      digest,
      deviceId,
      fields,
      sealed,
      recordedAt,
    }),
  },
  cursors: {
    from: 'cursors',
    by: [
      ['member', 'text'],
      ['epoch', 'text'],
    ],
    columns: CURSOR_COLUMNS,
    rowOf: cursorOf,
  },
  'refused-keys': {
    from: 'refused_keys',
    by: [
      ['member', 'text'],
      ['epoch', 'text'],
      ['seq', 'bigint'],
    ],
    columns: REFUSED_COLUMNS,
    rowOf: refusedOf,
  },
  contacts: { from: 'contacts', by: [['id', 'text']], columns: CONTACT_COLUMNS, rowOf: contactOf },
  receipts: {
    from: 'receipts',
    by: [
      ['seq', 'bigint'],
      ['device', 'uuid'],
    ],
    columns: 'seq, device',
    rowOf: ([seq, deviceId]) => ({ deviceId, seq }),
  },
  'receipt-totals': {
    from: 'receipt_totals',
    by: [['device', 'uuid']],
    columns: 'device, count, digest',
    rowOf: ([deviceId, count, digest]) => ({ deviceId, count, digest }),
  },
  audit: { from: 'audit', by: [['seq', 'bigint']], columns: AUDIT_COLUMNS, rowOf: auditOf },
};

/** @param session its own, ended at the end. @param explain the error as its caller should see it. */
export async function snapshotOf(
  session: Session,
  explain: (error: unknown) => unknown,
  onReleased: () => void,
): Promise<Snapshot> {
  let released = false;
  const ask = async (text: string, values: Parameters<Session['query']>[1] = []): Promise<readonly Row[]> => {
    if (released) throw stopped();
    try {
      return (await session.query(text, values)).rows;
    } catch (error) {
      throw released ? stopped() : explain(error);
    }
  };
  // The first question takes the snapshot. Nothing ends it for standing still: a backup waits for its reader.
  await ask('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await ask('SET LOCAL idle_in_transaction_session_timeout = 0');
  await ask('SELECT format FROM keystair.repository');

  async function* walk(table: RepositoryTable): AsyncGenerator<RepositoryPage, void, undefined> {
    const { from, by, columns, rowOf } = WALKS[table];
    const names = columns.split(', ');
    const place = by.map(([column]) => column).join(', ');
    const marks = by.map(([, type], at) => `$${at + 2}::${type}`).join(', ');
    const order = `ORDER BY ${place} LIMIT $1`;
    let rows = await ask(`SELECT ${columns} FROM keystair.${from} ${order}`, [PAGE_ROWS]);
    while (rows.length > 0) {
      yield { table, rows: rows.map(rowOf) } as unknown as RepositoryPage;
      if (rows.length < PAGE_ROWS) return;
      const last = rows.at(-1)!;
      const values = by.map(([column]) => last[names.indexOf(column)] as string | number);
      rows = await ask(`SELECT ${columns} FROM keystair.${from} WHERE (${place}) > (${marks}) ${order}`, [
        PAGE_ROWS,
        ...values,
      ]);
    }
  }

  return {
    reader: new PostgresReader((_, text, values) => ask(text, values)),
    async *pages() {
      for (const table of REPOSITORY_TABLES) yield* walk(table);
    },
    async release() {
      if (released) return;
      released = true;
      await session.end();
      onReleased();
    },
  };
}

function stopped(): KeystairError {
  return new KeystairError('interrupted', 'the repository was closed while it was being read', {
    nextStep: 'start the server again, and run the command again',
  });
}
