/**
 * The tables of a repository, and the number of their format. Invariants: a database of a newer format, or of another
 * program, is refused and left as it is; one of an older format is migrated whole, or stays as it was.
 */
import type { DatabaseSync } from 'node:sqlite';
import { KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';
import { placeOf } from '../member-place.ts';
import { prepareCommand, prepareQuery, readableTime } from './statement.ts';

/** In `user_version`. Raised with every change that an older program would misread. */
const DATA_FORMAT = 5;
/**
 * Of a repository that was moved to another database. Older programs refuse it as newer than themselves: none may serve
 * what another serves.
 */
const MOVED_FORMAT = 1_000_000;
/** In `application_id`: "Keys". */
const APPLICATION = 0x4b657973;

/**
 * Rows in one part of the index by device, as a power of two. Devices' ids are random: in one large index every new key
 * would dirty a page of its own. In parts, new keys fall into the last one, whose hundred pages are cached; and a
 * question about a device looks once into each part, 61 times in a million keys.
 */
export const DEVICE_PART_BITS = 14;

/**
 * Where a member is found: read from its body, so that a million are counted, sought and shown by name without opening
 * them all.
 */
const MEMBER_COLUMNS = ['place TEXT', 'sort_name TEXT', 'state TEXT', 'device_group TEXT'];
const MEMBERS_BY_NAME = `
  CREATE INDEX members_by_name ON trusted_rows (place, sort_name, id, state) WHERE kind = 'member';
`;
/** The group first: a list of some groups reads nothing of the others. */
const DEVICES_BY_GROUP = `
  CREATE INDEX devices_by_group ON trusted_rows (device_group, sort_name, id, state)
  WHERE kind = 'member' AND place = 'device';
`;

/** Of devices that were not removed; and the last heartbeat, -1 where there was none, or none that can be read. */
const DEVICE_COLUMNS = [
  'device_state TEXT',
  'heard_at INTEGER NOT NULL DEFAULT -1',
  "device_group TEXT NOT NULL DEFAULT ''",
];
/**
 * Holds all that a list is sorted and filtered by. Heartbeats come in turn, so each takes an entry from one end of its
 * group and puts it at the other.
 */
const DEVICES_BY_SILENCE = `
  CREATE INDEX devices_by_silence ON contacts (device_group, heard_at, id, device_state)
  WHERE device_state IS NOT NULL;
`;
export const PLACE_DEVICE = `
  INSERT INTO contacts (id, last_heartbeat_at, body, device_state, device_group) VALUES (?, NULL, '{}', ?, ?)
  ON CONFLICT (id) DO UPDATE SET device_state = excluded.device_state, device_group = excluded.device_group
`;
const AUDIT_TILES = `
  CREATE TABLE audit_tiles (
    level INTEGER NOT NULL, n INTEGER NOT NULL, hashes BLOB NOT NULL,
    PRIMARY KEY (level, n)
  ) STRICT, WITHOUT ROWID;
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
  ${MEMBERS_BY_NAME} ${DEVICES_BY_GROUP}

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
    id TEXT PRIMARY KEY, last_heartbeat_at INTEGER, body TEXT NOT NULL, ${DEVICE_COLUMNS.join(', ')}
  ) STRICT, WITHOUT ROWID;
  ${DEVICES_BY_SILENCE}

  -- The number first: receipts of new keys are then neighbours, whatever device holds them.
  CREATE TABLE receipts (
    seq INTEGER NOT NULL, device BLOB NOT NULL,
    PRIMARY KEY (seq, device)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE receipt_totals (
    device BLOB PRIMARY KEY, count INTEGER NOT NULL, digest BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- The chain is that of lines older than the tree; empty in all others.
  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY, event TEXT NOT NULL, chain BLOB NOT NULL, mac BLOB NOT NULL
  ) STRICT;
  ${AUDIT_TILES}

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
    throw new KeystairError('data-damaged', `${name} is not a Keystair database`, {
      nextStep: step('check-directory'),
    });
  }
  if (format === MOVED_FORMAT) throw moved(connection, name);
  if (format > DATA_FORMAT) {
    throw new KeystairError(
      'data-newer',
      `${name} was written by a newer release (data format ${format}; this one supports ${DATA_FORMAT})`,
      { nextStep: 'nothing was changed; run the newer release that wrote it' },
    );
  }
  return 'ours';
}

/** Says for ever that the repository is served from elsewhere now. Its keys stay readable to whoever opens the file. */
export function markMoved(connection: DatabaseSync, place: string): void {
  connection.exec('BEGIN IMMEDIATE; CREATE TABLE moved (place TEXT NOT NULL) STRICT');
  connection.prepare('INSERT INTO moved (place) VALUES (?)').run(place);
  connection.exec(`PRAGMA user_version = ${MOVED_FORMAT}; COMMIT`);
}

/** Where it was moved to; undefined where it was not. */
export function movedTo(connection: DatabaseSync): string | undefined {
  if (number(connection, 'PRAGMA user_version') !== MOVED_FORMAT) return undefined;
  return String(prepareQuery(connection, 'SELECT place FROM moved').first()?.[0]);
}

function moved(connection: DatabaseSync, name: string): KeystairError {
  return new KeystairError('data-moved', `${name} was moved to the database ${movedTo(connection)}`, {
    nextStep: step('start-on-database', { place: String(movedTo(connection)) }),
  });
}

/** Makes the tables in a new database, or migrates an older format to this one. Throws as `checkFormat` does. */
export function ensureSchema(connection: DatabaseSync, name: string): void {
  if (checkFormat(connection, name) === 'new') connection.exec(`BEGIN IMMEDIATE; ${TABLES} COMMIT`);
  else if (number(connection, 'PRAGMA user_version') < DATA_FORMAT) migrate(connection);
}

/**
 * Format 1 had no places of members. Format 2 had no tiles; the server makes them when it opens, since the first line
 * of a tree needs the barrier. Format 3 had no states of members, and no order of devices by their last heartbeat.
 * Format 4 had no groups of devices.
 */
function migrate(connection: DatabaseSync): void {
  connection.exec('BEGIN IMMEDIATE');
  try {
    const format = number(connection, 'PRAGMA user_version');
    if (format >= 2) connection.exec('DROP INDEX members_by_name');
    if (format >= 4) connection.exec('DROP INDEX devices_by_silence');
    for (const column of MEMBER_COLUMNS.slice(format < 2 ? 0 : format < 4 ? 2 : 3))
      connection.exec(`ALTER TABLE trusted_rows ADD COLUMN ${column}`);
    for (const column of DEVICE_COLUMNS.slice(format < 4 ? 0 : 2))
      connection.exec(`ALTER TABLE contacts ADD COLUMN ${column}`);
    if (format < 4)
      connection.exec(`UPDATE contacts SET heard_at = ${readableTime('last_heartbeat_at', '-1')}`);
    placeMembers(connection);
    connection.exec(`${MEMBERS_BY_NAME} ${DEVICES_BY_GROUP} ${DEVICES_BY_SILENCE}`);
    if (format < 3) connection.exec(AUDIT_TILES);
    connection.exec(`PRAGMA user_version = ${DATA_FORMAT}; COMMIT`);
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
    "UPDATE trusted_rows SET place = ?, sort_name = ?, state = ?, device_group = ? WHERE kind = 'member' AND id = ?",
  );
  const placeDevice = prepareCommand(connection, PLACE_DEVICE);
  for (let after = ''; ; ) {
    const rows = page.all(after, PAGE_MEMBERS);
    for (const [id, body] of rows) {
      const { place, sortName, state, group } = placeOf(String(body));
      put(place, sortName, state, group, String(id));
      if (place === 'device') placeDevice(String(id), state, group);
    }
    if (rows.length < PAGE_MEMBERS) return;
    after = String(rows.at(-1)![0]);
  }
}
