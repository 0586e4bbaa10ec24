/** A work that the store undoes and runs again: what its caller is told is told once. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { SEQUENCE_START } from '#domain/sequence.ts';
import { loadReceipts } from '#server/devices/receipts.ts';
import { checkKey } from '#domain/encryption-key.ts';
import { BUDGETS_DEFAULT } from '#server/members/member-budgets.ts';
import { recordKeys } from '#server/records/record-keys.ts';
import { NOTHING_WANTED } from '#test/support/nothing-wanted.ts';
import type { Store } from '#store/store.ts';
import { joinAs, makeSomeKey } from '#test/support/machine-caller.ts';
import { batchOf, bytesOf, lineOf, playSecondary } from '#test/support/played-secondary.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

/** As where a disk runs full in the middle of a group, and has room at the next try. */
function undoEachOnce({ store }: ServerInProcess): void {
  const changed = store as { write: Store['write'] };
  const { write } = changed;
  changed.write = async (work, options) => {
    const undone = new Error('undone');
    await assert.rejects(
      write(async (transaction) => {
        await work(transaction);
        throw undone;
      }),
      undone,
    );
    return write(work, options);
  };
}

test('a receipt that is refused is named once', async () => {
  const server = await openServer('Oslo');
  const { store, clock, repository } = server;
  const { rows, barrier, audit } = repository;
  const device = await joinAs((await server.call('inviteDevice', {})).invitation);
  const key = makeSomeKey({ device: { id: device.id, name: 'laptop' }, origin: server.name.id });
  const { id } = key.key;
  const digest = Buffer.from(random(32));
  const receivedFrom = `device:${device.id}`;
  await store.write((transaction) =>
    recordKeys(
      { barrier, audit, clock, wanted: NOTHING_WANTED },
      transaction,
      [{ ...checkKey(key), digest }],
      receivedFrom,
    ),
  );
  const receipts = await loadReceipts(rows, store, random, server.name.id);
  undoEachOnce(server);
  const answer = await device.calls.call('returnReceipts', {
    receipts: [{ id, receipt: receipts.seal(device.id, key) }],
  });
  assert.deepEqual(answer, { recorded: 0, known: 0, refused: [id] });
});

test('a batch is taken from its budget once, however often its work is run, and one that is undone not at all', async () => {
  const primary = await openServer('Above', {
    budgets: { ...BUDGETS_DEFAULT, secondaryRecordsAnHour: 4 },
  });
  await primary.call('changeSettings', { useHierarchy: true });
  const secondary = await playSecondary(primary);
  await secondary.heartbeat();
  undoEachOnce(primary);
  let start = SEQUENCE_START;
  for (let at = 0; at < 2; at += 1) {
    const batch = batchOf(secondary.epoch, start, [lineOf(makeSomeKey()), lineOf(makeSomeKey())]);
    assert.equal((await secondary.calls.transmit(bytesOf(batch))).outcome, 'received', `batch ${at}`);
    start = batch.end;
  }
  const batch = batchOf(secondary.epoch, start, [lineOf(makeSomeKey())]);
  assert.equal((await secondary.calls.transmit(bytesOf(batch))).outcome, 'later');
});
