/**
 * The tables of a repository, and the number of their format. Invariants: a database of a newer format, or of another
 * program, is refused and left as it is; one of an older format is migrated whole, or stays as it was.
 */
import type { DatabaseSync } from 'node:sqlite';
import { KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';
import { placeOf } from './member-place.ts';
import { prepareCommand, prepareQuery } from './statement.ts';

/** In `user_version`. Raised with every change that an older program would misread. */
const DATA_FORMAT = 2;
/** In `application_id`: "Keys". */
const APPLICATION = 0x4b657973;

/**
 * Rows in one part of the index by device, as a power of two. Devices' ids are random: in one large index every new key
 * would dirty a page of its own. In parts, new keys fall into the last one, whose hundred pages are cached; and a
 * question about a device looks once into each part, 61 times in a million keys.
 */
export const DEVICE_PART_BITS = 14;

/** Where a member is found: read from its body, so that a million are counted and shown by name without opening them all. */
const MEMBER_COLUMNS = ['place TEXT', 'sort_name TEXT'];
const MEMBERS_BY_NAME = `
  CREATE INDEX members_by_name ON trusted_rows (place, sort_name, id) WHERE kind = 'member';
`;
/** Members read at a time when they are given their places. */
const PAGE_MEMBERS = 1000;

const TABLES = `
  CREATE TABLE keys (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    digest BLOB NOT NULL,
    chain BLOB NOT NULL,
    device BLOB NOT NULL,
    fields TEXT NOT NULL,
    sealed BLOB NOT NULL,
    received_from TEXT NOT NULL,
    recorded_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX keys_by_device ON keys (seq >> ${DEVICE_PART_BITS}, device);

  CREATE TABLE staged_keys (
    n INTEGER PRIMARY KEY,
    import BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    digest BLOB NOT NULL,
    device BLOB NOT NULL,
    fields TEXT NOT NULL,
    sealed BLOB NOT NULL,
    recorded_at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX staged_by_id ON staged_keys (import, id);

  CREATE TABLE trusted_rows (
    kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, mac BLOB NOT NULL,
    ${MEMBER_COLUMNS.join(', ')},
    PRIMARY KEY (kind, id)
  ) STRICT, WITHOUT ROWID;
  ${MEMBERS_BY_NAME}

  CREATE TABLE cursors (
    member TEXT NOT NULL, epoch TEXT NOT NULL,
    rank INTEGER NOT NULL, seq INTEGER NOT NULL, chain BLOB NOT NULL,
    PRIMARY KEY (member, epoch)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE refused_keys (
    member TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL,
    key_id TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (member, epoch, seq)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE contacts (
    id TEXT PRIMARY KEY, last_heartbeat_at INTEGER, body TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- The number first: receipts of new keys are then neighbours, whatever device holds them.
  CREATE TABLE receipts (
    seq INTEGER NOT NULL, device BLOB NOT NULL,
    PRIMARY KEY (seq, device)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE receipt_totals (
    device BLOB PRIMARY KEY, count INTEGER NOT NULL, digest BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY, event TEXT NOT NULL, chain BLOB NOT NULL, mac BLOB NOT NULL
  ) STRICT;

  PRAGMA application_id = ${APPLICATION};
  PRAGMA user_version = ${DATA_FORMAT};
`;

function number(connection: DatabaseSync, sql: string): number {
  return Number(prepareQuery(connection, sql).first()?.[0]);
}

/** Whether the database is new, or has our tables. Only reads. Throws `data-newer`, `data-damaged`. */
export function checkFormat(connection: DatabaseSync, name: string): 'new' | 'ours' {
  const format = number(connection, 'PRAGMA user_version');
  const application = number(connection, 'PRAGMA application_id');
  const tables = number(connection, 'SELECT count(*) FROM sqlite_schema');
  if (application === 0 && format === 0 && tables === 0) return 'new';
  if (application !== APPLICATION) {
    throw new KeystairError('data-damaged', `${name} is not a database of Keystair`, {
      nextStep: step('check-directory'),
    });
  }
  if (format > DATA_FORMAT) {
    throw new KeystairError(
      'data-newer',
      `${name} was written by a newer Keystair (data format ${format}, this one knows ${DATA_FORMAT})`,
      { nextStep: 'run the newer Keystair that wrote it; nothing was changed' },
    );
  }
  return 'ours';
}

/** Makes the tables in a new database, or migrates an older format to this one. Throws as `checkFormat` does. */
export function ensureSchema(connection: DatabaseSync, name: string): void {
  if (checkFormat(connection, name) === 'new') connection.exec(`BEGIN IMMEDIATE; ${TABLES} COMMIT`);
  else if (number(connection, 'PRAGMA user_version') < DATA_FORMAT) migrate(connection);
}

/** From format 1, which had no places of members. */
function migrate(connection: DatabaseSync): void {
  connection.exec('BEGIN IMMEDIATE');
  try {
    for (const column of MEMBER_COLUMNS) connection.exec(`ALTER TABLE trusted_rows ADD COLUMN ${column}`);
    placeMembers(connection);
    connection.exec(`${MEMBERS_BY_NAME} PRAGMA user_version = ${DATA_FORMAT}; COMMIT`);
  } catch (error) {
    // After a failure like a full disk SQLite has rolled back already.
    if (connection.isTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}

function placeMembers(connection: DatabaseSync): void {
  const page = prepareQuery(
    connection,
    "SELECT id, body FROM trusted_rows WHERE kind = 'member' AND id > ? ORDER BY id LIMIT ?",
  );
  const put = prepareCommand(
    connection,
    "UPDATE trusted_rows SET place = ?, sort_name = ? WHERE kind = 'member' AND id = ?",
  );
  for (let after = ''; ; ) {
    const rows = page.all(after, PAGE_MEMBERS);
    for (const [id, body] of rows) {
      const { place, sortName } = placeOf(String(body));
      put(place, sortName, String(id));
    }
    if (rows.length < PAGE_MEMBERS) return;
    after = String(rows.at(-1)![0]);
  }
}
