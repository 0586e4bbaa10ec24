/** What a stop in the middle leaves: before the confirmation nothing, after it everything. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { CompleteKey } from '#domain/encryption-key.ts';
import { KeystairError } from '#domain/errors.ts';
import type { Store } from '#store/store.ts';
import type { Transaction } from '#store/transaction.ts';
import { canMount, missing, withSmallDisk } from '#test/store/system-tools.ts';
import { administratorNamed } from '#test/support/administrator.ts';
import { eventually } from '#test/support/eventually.ts';
import { makeSomeKey } from '#test/support/machine-caller.ts';
import { throughTransactions } from '#test/support/through-transactions.ts';
import { importWhole, UNWATCHED_IMPORT } from '#test/support/transfer-calls.ts';
import { inPieces, openOffice, random } from '#test/support/transfer-office.ts';

const KEYS = 1300;
const place = mkdtempSync(join(tmpdir(), 'keystair-carry-on-'));
after(() => rmSync(place, { recursive: true }));
let keys: CompleteKey[];
let file: Buffer;

before(async () => {
  const device = { id: randomUUID(), name: 'laptop' };
  keys = Array.from({ length: KEYS }, () => makeSomeKey({ device }));
  const oslo = await openOffice('Oslo');
  await oslo.record(keys);
  file = await oslo.exported();
});

/** A store that fails, from a moment on, every transaction that does what the test names. */
function failingAt(wanted: keyof Transaction, after: number) {
  const faults = { on: true, seen: 0 };
  const through = (store: Store): Store =>
    throughTransactions(store, (method) => {
      if (method !== wanted || !faults.on || (faults.seen += 1) <= after) return undefined;
      throw new KeystairError('disk-full', 'the disk is full');
    });
  return { faults, through };
}

test('a stage that was not confirmed is cleared away at the next start', async () => {
  const directory = join(place, 'unconfirmed');
  const sealKey = random(32);
  const first = await openOffice('Lyon', { directory, sealKey });
  let staged: number | undefined;
  async function* stalling(): AsyncGenerator<Uint8Array> {
    yield* inPieces(file.subarray(0, 500_000));
    staged = await eventually(
      'a staged page',
      async () => (await first.store.reader.stagedImports()).length || undefined,
    );
    // The process is killed here, as far as the disk can tell: the store is closed under it.
    await first.store.close();
    throw new Error('killed');
  }
  await assert.rejects(first.imported(stalling()));
  assert.equal(staged, 1);
  const second = await openOffice('Lyon', { directory, sealKey });
  assert.equal((await second.store.reader.stagedImports()).length, 1);
  second.transfers.takeOver();
  await eventually('an empty stage', async () => (await second.store.reader.stagedImports()).length === 0);
  assert.equal((await second.store.reader.head()).seq, 0);
  assert.equal((await second.imported(file)).new, KEYS);
});

test('a confirmed import is carried to its end after a stop, wherever it stood', async () => {
  for (const pages of [0, 1, 2]) {
    const directory = join(place, `confirmed-${pages}`);
    const sealKey = random(32);
    const { through } = failingAt('stagedHeads', pages);
    const first = await openOffice('Lyon', { directory, sealKey, through });
    await assert.rejects(first.imported(file), { code: 'disk-full' });
    const recorded = (await first.store.reader.head()).seq;
    assert.ok(recorded < KEYS);
    await first.close();
    const second = await openOffice('Lyon', { directory, sealKey });
    second.transfers.takeOver();
    await eventually('the end', async () => (await second.events('import-ended')).length === 1);
    assert.deepEqual(await second.ids(), keys.map(({ key }) => key.id).toSorted());
    const [ended] = await second.events('import-ended');
    assert.deepEqual([ended!['outcome'], ended!['new'], ended!['known']], ['completed', KEYS, 0]);
    assert.deepEqual(await second.store.reader.stagedImports(), []);
    assert.deepEqual(await second.store.reader.rows('import'), []);
  }
});

test('a failure before the confirmation leaves nothing, once the disk can be written again', async () => {
  const { faults, through } = failingAt('stageKeys', 1);
  const lyon = await openOffice('Lyon', { through });
  await assert.rejects(lyon.imported(file), { code: 'disk-full' });
  assert.deepEqual(await lyon.store.reader.stagedImports(), []);
  assert.equal((await lyon.events('import-ended'))[0]!['outcome'], 'disk-full');
  faults.on = false;
  assert.equal((await lyon.imported(file)).new, KEYS);
});

test('a confirmation that somebody wrote into the database by hand is not one', async () => {
  const lyon = await openOffice('Lyon');
  const id = randomUUID();
  await lyon.store.write(async (transaction) => {
    const { key } = keys[0]!;
    const row = { id: key.id, digest: random(32), deviceId: key.device.id, fields: '{}', sealed: random(80) };
    await transaction.stageKeys(id, [{ ...row, recordedAt: 1 }]);
    const body = JSON.stringify({ by: 'thief', new: 1, known: 0, conflicts: [], left: 1 });
    await transaction.putRow({ kind: 'import', id, body, mac: new Uint8Array(32) });
  });
  lyon.transfers.takeOver();
  await eventually('an empty stage', async () => (await lyon.store.reader.stagedImports()).length === 0);
  assert.deepEqual(await lyon.ids(), []);
});

test('custody of new keys goes on between the steps of an import', async () => {
  const lyon = await openOffice('Lyon');
  const importing = lyon.imported(file);
  let recorded = 0;
  const state = { over: false };
  const watched = importing.finally(() => (state.over = true));
  for (; !state.over; recorded += 1) await lyon.record([makeSomeKey()]);
  assert.equal((await watched).new, KEYS);
  assert.ok(recorded > 5, `only ${recorded} keys were recorded meanwhile`);
  assert.equal((await lyon.store.reader.head()).seq, KEYS + recorded);
});

test('a key that arrives by another way while it is staged is counted as known', async () => {
  const lyon = await openOffice('Lyon');
  const report = await importWhole(
    lyon.transfers,
    administratorNamed('kari'),
    { password: 'plum-river-candle-9-otter', dryRun: false },
    (async function* () {
      yield* inPieces(file.subarray(0, -10));
      await lyon.record(keys.slice(0, 10));
      yield file.subarray(-10);
    })(),
    UNWATCHED_IMPORT,
  );
  assert.deepEqual([report.new, report.known], [KEYS - 10, 10]);
});

test('below the free-space mark an import is refused, and says so', async () => {
  const lyon = await openOffice('Lyon', {
    through: (store) => ({ ...store, freeBytes: async () => 1000 }),
  });
  await assert.rejects(lyon.imported(file), { code: 'disk-low' });
  assert.deepEqual(await lyon.store.reader.stagedImports(), []);
});

test('a disk that is full at any point of an import costs nothing that is there, and heals', {
  skip: missing(canMount, 'run as root to mount a small file system'),
  timeout: 120_000,
}, async () => {
  for (const bytes of [900_000, 1_400_000, 2_000_000, 2_600_000]) {
    await withSmallDisk(bytes, async (directory) => {
      const sealKey = random(32);
      const lyon = await openOffice('Lyon', {
        directory: join(directory, 'data'),
        sealKey,
        auditReserveBytes: 64 * 1024,
      });
      await lyon.record(keys.slice(0, 3));
      const failure = await lyon.imported(file).then(
        () => undefined,
        (error: unknown) => error as KeystairError,
      );
      if (failure !== undefined) assert.equal(failure.code, 'disk-full');
      const { seq } = await lyon.store.reader.head();
      const confirmed = (await lyon.store.reader.rows('import')).length;
      if (failure === undefined) assert.equal(seq, KEYS);
      else if (confirmed === 0) assert.equal(seq, 3);
      for (const { key } of keys.slice(0, 3)) assert.ok(await lyon.store.reader.keyById(key.id));
      await lyon.close();
    });
  }
});
