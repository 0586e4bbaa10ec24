/** What bits turned over on the disk may cost: an error that says where, or one row; never a commit without a word. */
import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  openSync,
  closeSync,
  readSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { type KeystairError, codeOf } from '#domain/errors.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { openIn, record, withDirectory } from './data-directory.ts';
import { DEVICE_A, keyId } from './stored-rows.ts';

const DATABASE = 'keystair.db';
const LOG = `${DATABASE}-wal`;
const COMMITS = 6;

function flipBit(path: string, at: number): void {
  const descriptor = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(descriptor, byte, 0, 1, at);
  byte[0]! ^= 1;
  writeSync(descriptor, byte, 0, 1, at);
  closeSync(descriptor);
}

/** A directory as kill -9 leaves it, and where in its log each commit ends. */
async function killedDirectory(living: string, killed: string): Promise<readonly number[]> {
  const store = await openIn(living);
  const ends: number[] = [];
  for (let n = 0; n < COMMITS; n += 1) {
    await record(store, n, 1);
    ends.push(statSync(join(living, LOG)).size);
  }
  mkdirSync(killed, { recursive: true, mode: 0o700 });
  for (const name of [DATABASE, LOG]) copyFileSync(join(living, name), join(killed, name));
  await store.close();
  return ends;
}

test('a write-ahead log that is damaged before its last commit is refused, and says what to do', () =>
  withDirectory(async (directory) => {
    const ends = await killedDirectory(directory, join(directory, 'killed'));
    const killed = join(directory, 'killed');
    const log = join(killed, LOG);
    for (const at of [40, ends[1]! + 3000, ends[3]! + 30, 8]) {
      flipBit(log, at);
      const refusal: unknown = await openIn(killed).catch((error: unknown) => error);
      assert.equal(codeOf(refusal), 'data-damaged', `byte ${at}`);
      assert.match((refusal as KeystairError).sentence, REFUSED['data-damaged'].logDamaged);
      flipBit(log, at);
    }
    // As the refusal says: what is whole is still to be had.
    flipBit(log, ends[1]! + 3000);
    const refusal = (await openIn(killed).catch((error: unknown) => error)) as KeystairError;
    const [, size] = /truncate -s (\d+) /.exec(refusal.sentence)!;
    assert.equal(Number(size), ends[1]);
    truncateSync(log, Number(size));
    const store = await openIn(killed);
    assert.equal((await store.reader.head()).seq, 2);
    await store.close();
  }));

test('what a crash may leave of the last commit is no damage', () =>
  withDirectory(async (directory) => {
    const killed = join(directory, 'killed');
    const ends = await killedDirectory(directory, killed);
    flipBit(join(killed, LOG), ends.at(-2)! + 3000);
    const store = await openIn(killed);
    assert.equal((await store.reader.head()).seq, COMMITS - 1);
    await store.close();
  }));

/** A repository of five keys in which somebody wrote. */
async function withAltered(sql: string, look: (store: Awaited<ReturnType<typeof openIn>>) => Promise<void>) {
  await withDirectory(async (directory) => {
    const store = await openIn(directory);
    await record(store, 0, 5);
    const heard = { memberId: DEVICE_A, epoch: '0'.repeat(32), chain: new Uint8Array(32) };
    await store.write(async (transaction) => {
      await transaction.putCursor({ ...heard, rank: 1, seq: 3 });
      await transaction.putContact({ id: DEVICE_A, lastHeartbeatAt: 7, body: '{}' });
    });
    await store.close();
    const database = new DatabaseSync(join(directory, DATABASE));
    database.exec(sql);
    database.close();
    const altered = await openIn(directory);
    try {
      await look(altered);
    } finally {
      await altered.close();
    }
  });
}

test('a number that became a trillion holds up neither list, count nor search', () =>
  withAltered('UPDATE keys SET seq = seq + (1 << 40) WHERE seq = 5', async ({ reader }) => {
    const byDevice = await reader.keysOfDevice(DEVICE_A, 0, 10);
    assert.deepEqual(
      byDevice.map(({ id }) => id),
      [0, 1, 2, 3, 4].map(keyId),
    );
    assert.equal((await reader.countKeysByDevice([DEVICE_A])).get(DEVICE_A), 5);
    assert.equal((await reader.findKeys({ text: 'device 4', limit: 10 })).keys.length, 1);
  }));

test('a number larger than any is an error with a code where it cannot be passed over', () =>
  withAltered('UPDATE keys SET seq = 1 << 60 WHERE seq = 5', async ({ reader }) => {
    assert.equal(codeOf(await reader.head().catch((error: unknown) => error)), 'data-damaged');
  }));

test('a time that cannot be costs the one row that has it', () =>
  withAltered('UPDATE keys SET recorded_at = 1 << 60 WHERE seq = 3', async ({ reader }) => {
    const keys = await reader.keysAfter(0, 10);
    assert.deepEqual(
      keys.map(({ recordedAt }) => recordedAt < 0),
      [false, false, true, false, false],
    );
  }));

test('a cursor or a contact that cannot be read is one that is not there', () =>
  withAltered(
    'UPDATE cursors SET seq = 1 << 60; UPDATE contacts SET last_heartbeat_at = 1 << 60',
    async (store) => {
      assert.deepEqual(await store.reader.cursors(DEVICE_A), []);
      assert.equal((await store.reader.contact(DEVICE_A))?.lastHeartbeatAt, null);
    },
  ));
