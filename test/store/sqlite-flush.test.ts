/**
 * Which thread makes a commit durable, and that nobody is told of success before it is: the real queue over a real
 * database, with a log whose syncs can be counted and made to fail.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeystairError } from '#domain/errors.ts';
import type { Transaction } from '#store/transaction.ts';
import { createCommitQueue } from '#store/sqlite/commit-queue.ts';
import { openWriter } from '#store/sqlite/connection.ts';
import { MEMORY_SPACE } from '#store/sqlite/disk-space.ts';
import { ensureSchema } from '#store/sqlite/schema.ts';
import { prepareTables } from '#store/sqlite/tables.ts';
import { keyAfter } from './stored-rows.ts';

function queueOver(log: { quick: boolean; fails?: boolean }) {
  const connection = openWriter(':memory:', 'off');
  ensureSchema(connection, ':memory:');
  const flushes: string[] = [];
  const fatal: KeystairError[] = [];
  const flush = (how: string): void => {
    if (log.fails === true) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
    flushes.push(how);
  };
  const queue = createCommitQueue({
    connection,
    tables: prepareTables(connection),
    space: MEMORY_SPACE,
    explain: (error) => error,
    log: {
      flush: async () => flush('in another thread'),
      flushHere: () => flush('here'),
      isQuick: () => log.quick,
      close: () => undefined,
    },
    onFatal: (error) => {
      fatal.push(error);
      throw error;
    },
  });
  const write = (run: (transaction: Transaction) => Promise<void>): Promise<unknown> =>
    new Promise((resolve, reject) => queue.add({ run, reserve: false, resolve, reject }));
  const record = (n: number) =>
    write(async (transaction) => transaction.appendKeys([keyAfter(await transaction.head(), n)]));
  return { record, flushes, fatal };
}

void test('one caller of a quick disk waits for no other thread; several share a flush in one', async () => {
  const { record, flushes } = queueOver({ quick: true });
  await record(1);
  assert.deepEqual(flushes, ['here']);
  await Promise.all([record(2), record(3)]);
  assert.deepEqual(flushes, ['here', 'in another thread']);
});

void test('a slow disk never holds up the server for one caller', async () => {
  const { record, flushes } = queueOver({ quick: false });
  await record(1);
  assert.deepEqual(flushes, ['in another thread']);
});

for (const quick of [true, false]) {
  void test(`a sync that fails ${quick ? 'here' : 'in another thread'} acknowledges nothing, then or later`, async () => {
    const { record, fatal } = queueOver({ quick, fails: true });
    await assert.rejects(record(1));
    assert.equal(fatal[0]?.code, 'data-not-writable');
    await assert.rejects(record(2));
  });
}
