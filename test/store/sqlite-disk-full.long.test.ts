/** A full disk: keys go on being given out, which needs audit events; none is taken; and it heals by itself. */
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { KeystairError } from '#domain/errors.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import type { Store } from '#store/store.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { auditAfterHead, keyId, keysAfterHead } from './stored-rows.ts';
import { canMount, missing, withSmallDisk } from './system-tools.ts';

const skip = missing(canMount, 'run as root where mount is allowed, to make a small disk');
const KIB = 1024;
const RESERVE_BYTES = 1024 * KIB;

function onFatal(error: KeystairError): never {
  throw error;
}

function openOn(disk: string): Promise<Store> {
  return openSqliteStore({ directory: join(disk, 'data'), onFatal, auditReserveBytes: RESERVE_BYTES });
}

/** Records keys from that number on, so many at a time, until the disk is full. */
async function recordUntilFull(
  store: Store,
  from: number,
  rows: number,
): Promise<{ next: number; error: unknown }> {
  for (let next = from; ; next += rows) {
    try {
      await record(store, next, rows);
    } catch (error) {
      return { next, error };
    }
  }
}

async function record(store: Store, from: number, rows: number): Promise<void> {
  const ns = Array.from({ length: rows }, (_, index) => from + index);
  await store.write(async (transaction) =>
    transaction.appendKeys(keysAfterHead(await transaction.head(), ns)),
  );
}

/** What a lookup writes before a key is given out. */
function audit(store: Store): Promise<void> {
  return store.write(
    async (transaction) => {
      const event = JSON.stringify({ event: 'key-looked-up', text: 'x'.repeat(200) });
      return transaction.appendAudit(auditAfterHead(await transaction.auditHead(), [event]));
    },
    { reserve: true },
  );
}

/** @param reserve whether anything of it is left, so that lookups are sure to go on. */
function refusesCustody(error: unknown, disk: string, reserve: 'left' | 'none' = 'left'): true {
  assert.ok(error instanceof KeystairError, String(error));
  assert.equal(error.code, 'disk-full');
  assert.ok(error.message.includes(`the file system at ${disk},`), error.message);
  assert.match(error.sentence, REFUSED['disk-full'].keysStillGivenOutWhile(reserve === 'left'));
  return true;
}

/** Leaves so many bytes free. */
async function fillBut(disk: string, bytes: number): Promise<string> {
  const { bavail, bsize } = await statfs(disk);
  const filler = join(disk, `filler-${bavail}`);
  await writeFile(filler, new Uint8Array(bavail * bsize - bytes));
  return filler;
}

function reserveOf(disk: string): number {
  return statSync(join(disk, 'data', 'audit-reserve')).size;
}

async function hasAllKeys(store: Store, count: number): Promise<void> {
  assert.equal((await store.reader.head()).seq, count);
  for (let n = 0; n < count; n += 37) assert.equal((await store.reader.keyById(keyId(n)))?.seq, n + 1);
}

void test(
  'on a full disk keys are given out and none is taken, until space returns',
  { skip, timeout: 60_000 },
  () =>
    withSmallDisk(8 * 1024 * KIB, async (disk) => {
      const store = await openOn(disk);
      assert.equal(reserveOf(disk), RESERVE_BYTES);
      await record(store, 0, 100);
      const filler = await fillBut(disk, 300 * KIB);

      const { next, error } = await recordUntilFull(store, 100, 1);
      refusesCustody(error, disk);
      await hasAllKeys(store, next);

      // Hundreds of lookups, with custody tried beside each of them, in the same group and alone.
      for (let n = 0; n < 500; n += 1) {
        const [audited, recorded] = await Promise.allSettled([audit(store), record(store, next, 1)]);
        assert.equal(audited.status, 'fulfilled');
        assert.equal(recorded.status, 'rejected');
        assert.ok(refusesCustody(recorded.reason, disk));
      }
      await Promise.all(Array.from({ length: 100 }, () => audit(store)));
      assert.equal((await store.reader.auditHead()).seq, 600);
      assert.ok(reserveOf(disk) < RESERVE_BYTES, 'nothing of the reserve was used');
      await hasAllKeys(store, next);

      // Some space is not enough: it would be custody that uses it up.
      await rm(filler);
      const smaller = await fillBut(disk, RESERVE_BYTES - reserveOf(disk));
      await assert.rejects(record(store, next, 1), (refused) => refusesCustody(refused, disk));
      await rm(smaller);
      await record(store, next, 1);
      assert.equal(reserveOf(disk), RESERVE_BYTES, 'the reserve is not whole again');
      await hasAllKeys(store, next + 1);
      assert.deepEqual(await store.checkStructure(), []);
      await store.close();
    }),
);

void test(
  'a reserve that is used up refuses audit events too, and nothing that was kept is lost',
  { skip, timeout: 60_000 },
  () =>
    withSmallDisk(24 * 1024 * KIB, async (disk) => {
      const store = await openOn(disk);
      const { next } = await recordUntilFull(store, 0, 50);
      let audited = 0;
      await assert.rejects(
        async () => {
          for (; ; audited += 1) await audit(store);
        },
        (error) => refusesCustody(error, disk, 'none'),
      );
      assert.equal(reserveOf(disk), 0);
      // A megabyte holds some three thousand events of this size; most of it must have gone to them.
      assert.ok(audited > 1500, `only ${audited} events`);
      assert.equal((await store.reader.auditHead()).seq, audited);
      await hasAllKeys(store, next);
      assert.deepEqual(await store.checkStructure(), []);
      await store.close();
    }),
);

void test(
  'a server whose disk is full can be started again, and goes on giving out keys',
  { skip, timeout: 60_000 },
  () =>
    withSmallDisk(4 * 1024 * KIB, async (disk) => {
      const first = await openOn(disk);
      await record(first, 0, 100);
      await first.close();
      const filler = await fillBut(disk, 0);

      // Opening takes space of its own, out of the reserve.
      const store = await openOn(disk);
      await hasAllKeys(store, 100);
      for (let n = 0; n < 50; n += 1) await audit(store);
      await assert.rejects(record(store, 100, 1), (error) => refusesCustody(error, disk));
      await hasAllKeys(store, 100);
      await store.close();

      // The reserve is there in part now, which tells the next one that the disk is full still.
      const again = await openOn(disk);
      assert.equal((await again.reader.auditHead()).seq, 50);
      await assert.rejects(record(again, 100, 1), (error) => refusesCustody(error, disk));
      await rm(filler);
      await record(again, 100, 1);
      assert.equal(reserveOf(disk), RESERVE_BYTES);
      await again.close();
    }),
);

void test('at every size a disk runs full with a refusal, and everything acknowledged is there', {
  skip,
  timeout: 120_000,
}, async () => {
  for (let size = 512 * KIB; size < 1536 * KIB; size += 32 * KIB) {
    await withSmallDisk(size, async (disk) => {
      const open = () =>
        openSqliteStore({ directory: join(disk, 'data'), onFatal, auditReserveBytes: 256 * KIB });
      const store = await open();
      const { next, error } = await recordUntilFull(store, 0, 1 + ((size / KIB / 32) % 40));
      refusesCustody(error, disk);
      await audit(store);
      await hasAllKeys(store, next);
      await store.close();
      const again = await open();
      await hasAllKeys(again, next);
      assert.equal((await again.reader.auditHead()).seq, 1);
      assert.deepEqual(await again.checkStructure(), []);
      await again.close();
    });
  }
});

void test('no reserve is set aside where that would fill the disk', { skip, timeout: 60_000 }, () =>
  withSmallDisk(1024 * KIB, async (disk) => {
    const store = await openOn(disk);
    assert.ok(!existsSync(join(disk, 'data', 'audit-reserve')));
    await record(store, 0, 10);
    await store.close();
  }),
);
