/** A data directory of an older format is brought to this one when it is opened, and nothing in it is lost. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openIn, withDirectory } from './data-directory.ts';

/** As the release of format 1 made it. */
const FORMAT_1 = `
  CREATE TABLE keys (
    seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE CHECK (length(id) = 16), digest BLOB NOT NULL,
    chain BLOB NOT NULL, device BLOB NOT NULL, fields TEXT NOT NULL, sealed BLOB NOT NULL,
    received_from TEXT NOT NULL, recorded_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX keys_by_device ON keys (seq >> 14, device);
  CREATE TABLE staged_keys (
    n INTEGER PRIMARY KEY, import BLOB NOT NULL, id BLOB NOT NULL CHECK (length(id) = 16), digest BLOB NOT NULL,
    device BLOB NOT NULL, fields TEXT NOT NULL, sealed BLOB NOT NULL, recorded_at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX staged_by_id ON staged_keys (import, id);
  CREATE TABLE trusted_rows (
    kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, mac BLOB NOT NULL,
    PRIMARY KEY (kind, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE cursors (
    member TEXT NOT NULL, epoch TEXT NOT NULL, rank INTEGER NOT NULL, seq INTEGER NOT NULL, chain BLOB NOT NULL,
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
  CREATE TABLE receipts (
    seq INTEGER NOT NULL, device BLOB NOT NULL, PRIMARY KEY (seq, device)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE receipt_totals (
    device BLOB PRIMARY KEY, count INTEGER NOT NULL, digest BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY, event TEXT NOT NULL, chain BLOB NOT NULL, mac BLOB NOT NULL
  ) STRICT;
  PRAGMA application_id = 1264941427;
  PRAGMA user_version = 1;
`;
/** Format 2 gave members a place and a name to be found by; 3 added the tiles of the audit log. */
const FORMAT_2 = `
  ALTER TABLE trusted_rows ADD COLUMN place TEXT;
  ALTER TABLE trusted_rows ADD COLUMN sort_name TEXT;
  CREATE INDEX members_by_name ON trusted_rows (place, sort_name, id) WHERE kind = 'member';
  PRAGMA user_version = 2;
`;
const FORMAT_3 = `
  CREATE TABLE audit_tiles (
    level INTEGER NOT NULL, n INTEGER NOT NULL, hashes BLOB NOT NULL,
    PRIMARY KEY (level, n)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO audit_tiles VALUES (0, 0, x'00');
  PRAGMA user_version = 3;
`;
/** More than are read or counted at a time. */
const DEVICES = 20_050;

function makeFormat1(directory: string): DatabaseSync {
  const database = new DatabaseSync(join(directory, 'keystair.db'));
  database.exec(`PRAGMA journal_mode = WAL; BEGIN; ${FORMAT_1}`);
  const put = database.prepare('INSERT INTO trusted_rows VALUES (?, ?, ?, ?)');
  const mac = new Uint8Array(32).fill(7);
  const member = (id: string, name: string, kind = 'device') =>
    put.run('member', id, JSON.stringify({ id, kind, name, removedAt: null }), mac);
  for (let at = 0; at < DEVICES; at += 1)
    member(`device ${at}`, `Laptop ${String(at % 50).padStart(2, '0')}`);
  member('branch', 'Lyon', 'secondary');
  put.run('member', 'broken', 'no JSON', mac);
  put.run('setting', 'options', '{"useHierarchy":true}', mac);
  return database;
}

function makeOlder(directory: string, format: 1 | 2 | 3): void {
  const database = makeFormat1(directory);
  if (format >= 2)
    database.exec(`${FORMAT_2} UPDATE trusted_rows SET
      place = CASE WHEN id = 'broken' THEN '' ELSE json_extract(body, '$.kind') END,
      sort_name = CASE WHEN id = 'broken' THEN '' ELSE lower(json_extract(body, '$.name')) END
      WHERE kind = 'member'`);
  if (format === 3) database.exec(FORMAT_3);
  database.exec('COMMIT');
  database.close();
}

function tilesIn(directory: string): number {
  const database = new DatabaseSync(join(directory, 'keystair.db'), { readOnly: true });
  const { tiles } = database.prepare('SELECT count(*) AS tiles FROM audit_tiles').get()!;
  database.close();
  return Number(tiles);
}

for (const format of [1, 2, 3] as const)
  void test(`members of a data directory of format ${format} are counted and found by name, and every row stays`, () =>
    withDirectory(async (directory) => {
      await mkdir(directory, { mode: 0o700 });
      makeOlder(directory, format);
      // The second time there is nothing to do.
      for (const time of ['first', 'second']) {
        const store = await openIn(directory);
        const { reader } = store;
        assert.equal(await reader.countMembers('device'), DEVICES, time);
        assert.equal(await reader.countMembers('secondary'), 1);
        const [first] = await reader.membersByName('device', undefined, 1);
        assert.deepEqual([first?.sortName, first?.id], ['laptop 00', 'device 0']);
        const from = { sortName: 'laptop 49', id: '' };
        assert.equal((await reader.membersByName('device', from, DEVICES)).length, DEVICES / 50);
        const silent = await reader.findDevices({ order: 'longest-silent', states: ['managed'], limit: 2 });
        assert.deepEqual(
          silent.devices.map(({ position }) => position),
          [
            { by: -1, id: 'device 0' },
            { by: -1, id: 'device 1' },
          ],
        );
        assert.equal((await reader.rows('member')).length, DEVICES + 2);
        assert.equal((await reader.row('member', 'broken'))?.body, 'no JSON');
        assert.equal((await reader.row('setting', 'options'))?.body, '{"useHierarchy":true}');
        assert.deepEqual(await store.checkStructure(), []);
        await store.close();
      }
      assert.equal(tilesIn(directory), format === 3 ? 1 : 0, 'tiles that were there stay');
    }));

void test('a migration that cannot be finished leaves the older format whole', () =>
  withDirectory(async (directory) => {
    await mkdir(directory, { mode: 0o700 });
    makeOlder(directory, 1);
    const path = join(directory, 'keystair.db');
    const blocked = new DatabaseSync(path);
    // Another index has its name: the last step fails.
    blocked.exec('CREATE INDEX members_by_name ON contacts (body)');
    blocked.close();
    await assert.rejects(openIn(directory));
    const after = new DatabaseSync(path);
    assert.deepEqual({ ...after.prepare('PRAGMA user_version').get() }, { user_version: 1 });
    const columns = after.prepare("SELECT name FROM pragma_table_info('trusted_rows')").all();
    assert.equal(columns.length, 4);
    after.exec('DROP INDEX members_by_name');
    after.close();
    const store = await openIn(directory);
    assert.equal(await store.reader.countMembers('device'), DEVICES);
    await store.close();
  }));
