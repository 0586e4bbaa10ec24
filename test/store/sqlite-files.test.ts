/** The files of a data directory: whose they are, and what is said when they are wrong. */
import assert from 'node:assert/strict';
import { chmod, cp, mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { PAGE_BYTES } from '#store/sqlite/connection.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import { checkSqliteVersion } from '#store/sqlite/sqlite-version.ts';
import { WITHOUT_THREAD_PAGES_MAX } from '#store/sqlite/check-file.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import {
  onFatal,
  openIn,
  record,
  refuses,
  repositoryWith,
  RESERVE_BYTES,
  withDirectory,
} from './data-directory.ts';
import { auditAfterHead, keyId } from './stored-rows.ts';
import { canMount, missing, withReadOnlyView } from './system-tools.ts';
import { startWriter } from './writing-child.ts';

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

void test('no file of the data directory can be read by anyone but its owner', () =>
  withDirectory(async (directory) => {
    const before = process.umask(0);
    try {
      const store = await openIn(directory);
      await record(store, 0, 10);
      assert.equal(await modeOf(directory), '700');
      for (const file of [
        'keystair.db',
        'keystair.db-wal',
        'keystair.db-shm',
        'keystair.lock',
        'audit-reserve',
      ]) {
        assert.equal(await modeOf(join(directory, file)), '600', file);
      }
      await store.close();
      // As a copy by another program may have left it.
      await chmod(join(directory, 'keystair.db'), 0o644);
      const again = await openIn(directory);
      assert.equal(await modeOf(join(directory, 'keystair.db')), '600');
      assert.equal(await modeOf(join(directory, 'keystair.db-wal')), '600');
      await again.close();
    } finally {
      process.umask(before);
    }
  }));

void test('the space set aside for audit events is really taken', () =>
  withDirectory(async (directory) => {
    await repositoryWith(directory, 1);
    const reserve = join(directory, 'audit-reserve');
    const { size, blocks } = await stat(reserve);
    assert.equal(size, RESERVE_BYTES);
    assert.ok(blocks * 512 >= RESERVE_BYTES);
    // A copy of it with a hole takes no space, and is filled.
    await rm(reserve);
    const file = await open(reserve, 'w');
    await file.truncate(RESERVE_BYTES);
    await file.close();
    await repositoryWith(join(directory, '..', 'other'), 1);
    await (await openIn(directory)).close();
    assert.ok((await stat(reserve)).blocks * 512 >= RESERVE_BYTES);
  }));

void test('the reserve is filled with what no file system compresses away', () =>
  withDirectory(async (directory) => {
    const random = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(0x5a);
    await (await openSqliteStore({ directory, onFatal, auditReserveBytes: RESERVE_BYTES, random })).close();
    assert.ok((await readFile(join(directory, 'audit-reserve'))).every((byte) => byte === 0x5a));
  }));

void test('a newer data format is refused and left as it is', () =>
  withDirectory(async (directory) => {
    await repositoryWith(directory, 3);
    const path = join(directory, 'keystair.db');
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 9');
    database.close();
    const before = await readFile(path);
    await assert.rejects(openIn(directory), refuses('data-newer', path, REFUSED['data-newer'].otherFormat));
    assert.deepEqual(await readFile(path), before);
  }));

void test('a database of another program is refused and left as it is', () =>
  withDirectory(async (directory) => {
    await mkdir(directory);
    const path = join(directory, 'keystair.db');
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE theirs (a)');
    database.close();
    await assert.rejects(
      openIn(directory),
      refuses('data-damaged', path, REFUSED['data-damaged'].noDatabaseOfOursWithAStep),
    );
    const after = new DatabaseSync(path);
    assert.deepEqual(after.prepare('SELECT name FROM sqlite_schema').all().length, 1);
    after.close();
    await writeFile(path, 'not a database at all, but long enough to be read as one'.repeat(100));
    await assert.rejects(
      openIn(directory),
      refuses('data-damaged', path, REFUSED['data-damaged'].verifyAndRestore),
    );
  }));

void test('a database without one of its tables is called damaged', () =>
  withDirectory(async (directory) => {
    await repositoryWith(directory, 1);
    const database = new DatabaseSync(join(directory, 'keystair.db'));
    database.exec('DROP TABLE cursors');
    database.close();
    await assert.rejects(
      openIn(directory),
      refuses('data-damaged', directory, REFUSED['data-damaged'].tableMissing),
    );
  }));

void test('a damaged page is an error that names the file, never an answer', () =>
  withDirectory(async (directory) => {
    const count = 3000;
    await repositoryWith(directory, count);
    const path = join(directory, 'keystair.db');
    const { size } = await stat(path);
    const file = await open(path, 'r+');
    for (let page = 40; page < 60; page += 1)
      await file.write(Buffer.alloc(4096, 0xa5), 0, 4096, page * 4096);
    await file.close();
    assert.ok(size > 100 * 4096);

    const store = await openIn(directory);
    const damaged = refuses('data-damaged', path, REFUSED['data-damaged'].seeWhatIsAffected);
    await assert.rejects(store.reader.keysAfter(0, count), damaged);
    await assert.rejects(
      store.write((transaction) => transaction.keysAfter(0, count)),
      damaged,
    );
    let whole = 0;
    for (let n = 0; n < count; n += 1) {
      try {
        assert.equal((await store.reader.keyById(keyId(n)))?.seq, n + 1);
        whole += 1;
      } catch (error) {
        damaged(error);
      }
    }
    assert.ok(whole > 1000 && whole < count, 'what is not damaged is still given out');
    const problems = await store.checkStructure();
    assert.ok(problems.length > 0);
    for (const problem of problems) assert.ok(problem.includes(path));
    await store.close();
  }));

for (const { size, keys, inThread } of [
  { size: 'small', keys: 100, inThread: false },
  { size: 'large', keys: 8000, inThread: true },
]) {
  void test(`a missing row is found by the check of structure, in a ${size} database`, () =>
    withDirectory(async (directory) => {
      const store = await openIn(directory);
      await record(store, 0, keys);
      await store.write(async (transaction) =>
        transaction.appendAudit(auditAfterHead(await transaction.auditHead(), ['1', '2', '3'])),
      );
      await store.close();
      const path = join(directory, 'keystair.db');
      const database = new DatabaseSync(path);
      database.exec('DELETE FROM keys WHERE seq IN (50, 51, 70); DELETE FROM audit WHERE seq = 1');
      database.close();
      assert.equal((await stat(path)).size > WITHOUT_THREAD_PAGES_MAX * PAGE_BYTES, inThread);
      const again = await openIn(directory);
      assert.deepEqual(await again.checkStructure(), [
        '3 encryption keys are missing, the first after number 49',
        '1 audit events are missing, the first after number 0',
      ]);
      await again.close();
    }));
}

const noMount = missing(canMount, 'run as root where mount is allowed, to make a read-only view');

void test('a data directory that cannot be written is refused with what to do', { skip: noMount }, () =>
  withDirectory(async (directory) => {
    await repositoryWith(directory, 3);
    await withReadOnlyView(directory, async (view) => {
      await assert.rejects(
        openIn(view),
        refuses('data-not-writable', view, REFUSED['data-not-writable'].giveItToTheUser),
      );
      await assert.rejects(
        openIn(join(view, 'new')),
        refuses('data-not-writable', view, REFUSED['data-not-writable'].readOnly),
      );
    });
    await (await openIn(directory)).close();
  }),
);

void test('a path that leads through a file is refused with what to do', () =>
  withDirectory(async (directory) => {
    await writeFile(directory, '');
    for (const path of [directory, join(directory, 'below')]) {
      await assert.rejects(
        openIn(path),
        refuses('data-not-writable', path, REFUSED['data-not-writable'].nameTheDirectory),
      );
    }
  }));

void test('a lock that another program holds on the database is named as such', { timeout: 30_000 }, () =>
  withDirectory(async (directory) => {
    const store = await openIn(directory);
    const database = new DatabaseSync(join(directory, 'keystair.db'));
    database.exec('BEGIN IMMEDIATE');
    await assert.rejects(
      record(store, 0, 1),
      refuses('data-in-use', directory, REFUSED['data-in-use'].lockedByAnother),
    );
    database.exec('ROLLBACK');
    database.close();
    await record(store, 0, 1);
    await store.close();
  }),
);

void test('a copy made with the write-ahead log beside it holds what was committed', () =>
  withDirectory(async (directory) => {
    const writer = startWriter({ directory, first: 0, works: 4, rows: 1 });
    await writer.acknowledges(50);
    writer.process.kill('SIGKILL');
    await writer.ended;
    const copy = join(directory, '..', 'copy');
    await cp(directory, copy, { recursive: true });
    for (const path of [directory, copy]) {
      const store = await openIn(path);
      for (const n of writer.acknowledged) assert.notEqual(await store.reader.keyById(keyId(n)), undefined);
      await store.close();
    }
  }));

void test('a SQLite that can lose commits is refused', () => {
  for (const version of ['3.51.3', '3.51.10', '3.52.0', '3.100.0', '4.0.0', process.versions.sqlite ?? '']) {
    checkSqliteVersion(version);
  }
  for (const version of ['3.51.2', '3.50.9', '3.9.9', '2.99.99', '3.51', '3', '0', '', 'unknown', '3.51.x']) {
    assert.throws(() => checkSqliteVersion(version), { code: 'sqlite-too-old' }, version);
  }
});
