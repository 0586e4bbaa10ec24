/** A new data key on a server at work: every record and secret is sealed under it in the end, whatever happens meanwhile. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CountedEvents } from '#server/audit/counted-events.ts';
import { Refusals } from '#server/audit/refusals.ts';
import { readBackup } from '#server/backup/read-backup.ts';
import { restoreBackup } from '#server/backup/restore-backup.ts';
import { prepareBackup, sendBackup } from '#server/backup/write-backup.ts';
import { createRepository, isNew, openRepository, type Repository } from '#server/start/create-repository.ts';
import { checkKey } from '#domain/encryption-key.ts';
import { recordKeys } from '#server/records/record-keys.ts';
import { NOTHING_WANTED } from '#test/support/nothing-wanted.ts';
import type { Log, Timers } from '#server/environment/environment.ts';
import { PendingRepairs } from '#server/integrity/repair/pending-repairs.ts';
import { Resealing, type ResealingPorts } from '#server/seals/resealing.ts';
import { Signal } from '#server/environment/signal.ts';
import { verify } from '#server/integrity/verify/verify.ts';
import { fillSqliteDirectory } from '#store/sqlite/fill-directory.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import type { Store } from '#store/store.ts';
import { eventually } from '#test/support/eventually.ts';
import { makeSomeKey } from '#test/support/machine-caller.ts';
import { throughTransactions } from '#test/support/through-transactions.ts';
import { inPieces, PASSWORD, random, WORK_FACTOR } from '#test/support/transfer-office.ts';
import { ADMINISTRATOR } from '#test/support/administrator.ts';
import { SHOWN } from '#test/sentences/shown.ts';

const KEYS = 1200;
const place = mkdtempSync(join(tmpdir(), 'keystair-resealing-'));
after(() => rmSync(place, { recursive: true }));

const clock = (): number => Date.now();
const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };
const timers: Timers = {
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

interface Started {
  readonly store: Store;
  readonly repository: Repository;
  readonly ports: ResealingPorts;
  readonly resealing: Resealing;
}

/** @param through the store as the server sees it. @param waiting how the walk waits between its pages. */
async function start(
  name: string,
  sealKey: Uint8Array,
  through: (store: Store) => Store = (store) => store,
  waiting = timers,
): Promise<Started> {
  const opened = await openSqliteStore({
    directory: join(place, name),
    onFatal: (error) => {
      throw error;
    },
    auditReserveBytes: 0,
  });
  const store = through({ ...opened, freeBytes: async () => Number.MAX_SAFE_INTEGER });
  const made = { store, clock, random, log: silent };
  const repository = (await isNew(store.reader))
    ? await createRepository(made, sealKey, name)
    : await openRepository(made, sealKey, undefined);
  const ports = {
    ...made,
    ...repository,
    timers: waiting,
    wanted: new PendingRepairs({ ...repository, clock, random }),
    keysRecorded: new Signal(),
    hierarchyChanged: new Signal(),
    treeChanged: new Signal(),
  };
  const resealing = new Resealing(ports);
  resealing.start();
  return { store, repository, ports, resealing };
}

async function stop({ store, resealing }: Started): Promise<void> {
  await resealing.stop();
  await store.close();
}

async function record({ store, repository }: Started, count: number): Promise<void> {
  const keys = Array.from({ length: count }, () => checkKey(makeSomeKey()));
  await store.write((transaction) =>
    recordKeys(
      { ...repository, clock, wanted: NOTHING_WANTED },
      transaction,
      keys,
      `device:${keys[0]!.complete.key.device.id}`,
    ),
  );
}

/** A walk whose next page waits for the test: while one waits, nothing of it is under way. */
function pageByPage(): { readonly held: Timers; readonly pages: (() => void)[] } {
  const pages: (() => void)[] = [];
  return { held: { after: (_ms, call) => (pages.push(call), () => {}) }, pages };
}

/** Lets pages go, one after the other, until so many records are done. */
async function walkTo({ resealing }: Started, done: number, pages: (() => void)[]) {
  await eventually(`${done} records done`, async () => {
    if (pages.length === 0) return false;
    if ((await resealing.state()).resealing?.done === done) return true;
    pages.shift()!();
    return false;
  });
}

async function walkToTheEnd({ resealing }: Started, pages: (() => void)[]) {
  await eventually('the end of resealing', async () => {
    pages.shift()?.();
    return (await resealing.state()).resealing === null;
  });
}

async function isOver({ resealing }: Started): Promise<void> {
  await eventually('the end of resealing', async () => (await resealing.state()).resealing === null);
}

/** How many records lie under each data key, and the server's own secrets. */
async function underDataKeys({ store, repository }: Started): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { sealed } of await store.reader.keysAfter(0, 100_000)) {
    const name = `records under ${repository.barrier.dataKeyNumber(sealed)}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  for (const { body } of await store.reader.rows('secret')) {
    const name = `secrets under ${repository.barrier.dataKeyNumber(Buffer.from(body, 'base64'))}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

test('every record and secret comes under the new data key, while keys are recorded, and nothing of them changes', async () => {
  const server = await start('busy', random(32));
  await record(server, KEYS);
  const before = await server.store.reader.keysAfter(0, KEYS);
  const { dataKey, records } = await server.resealing.rotate(ADMINISTRATOR);
  assert.deepEqual([dataKey, records], [2, KEYS]);
  await record(server, 10);
  await isOver(server);
  const counts = await underDataKeys(server);
  assert.deepEqual(Object.keys(counts).toSorted(), ['records under 2', 'secrets under 2']);
  assert.equal(counts['records under 2'], KEYS + 10);
  const now = await server.store.reader.keysAfter(0, KEYS);
  const bare = (rows: typeof now) => rows.map(({ sealed: _sealed, ...row }) => row);
  assert.deepEqual(bare(now), bare(before));
  assert.deepEqual((await verify({ store: server.store, ...server.repository })).problems, []);
  await stop(server);
});

test('a server that ends in the middle goes on where it was, and a second new data key is followed to its end', async () => {
  const sealKey = random(32);
  const { held, pages } = pageByPage();
  const first = await start('ends', sealKey, undefined, held);
  await record(first, KEYS);
  await first.resealing.rotate(ADMINISTRATOR);
  await walkTo(first, 500, pages);
  await stop(first);
  const resumed = pageByPage();
  const again = await start('ends', sealKey, undefined, resumed.held);
  assert.equal((await again.resealing.state()).resealing?.done, 500, 'it is where it was');
  await walkTo(again, 750, resumed.pages);
  await again.resealing.rotate(ADMINISTRATOR);
  await walkToTheEnd(again, resumed.pages);
  assert.equal((await underDataKeys(again))['records under 3'], KEYS);
  assert.deepEqual((await verify({ store: again.store, ...again.repository })).problems, []);
  await stop(again);
});

test('a page that falls between the durable row of a new data key and its first use is not counted as done', async () => {
  const { held, pages } = pageByPage();
  let afterWrite: (() => Promise<void>) | undefined;
  const through = (store: Store): Store => ({
    ...store,
    reader: store.reader,
    write: async (work, options) => {
      const written = await store.write(work, options);
      const then = afterWrite;
      afterWrite = undefined;
      await then?.();
      return written;
    },
  });
  const server = await start('between', random(32), through, held);
  await record(server, KEYS);
  pages.shift()!();
  await server.resealing.rotate(ADMINISTRATOR);
  const page = await eventually('the first page', () => pages.shift());
  afterWrite = async () => {
    page();
    await eventually('the page over', () => pages.length > 0);
  };
  await server.resealing.rotate(ADMINISTRATOR);
  await walkToTheEnd(server, pages);
  const counts = await underDataKeys(server);
  assert.deepEqual([counts['records under 2'], counts['records under 3']], [undefined, KEYS]);
  await stop(server);
});

test('a record that does not open is left as it is, counted, and does not stop the others', async () => {
  const server = await start('damaged', random(32));
  await record(server, 600);
  const [, damaged] = await server.store.reader.keysAfter(0, 2);
  const sealed = Buffer.from(damaged!.sealed);
  sealed[sealed.length - 1]! ^= 1;
  await server.store.write((transaction) => transaction.replaceSealed([{ seq: 2, sealed }]));
  await server.resealing.rotate(ADMINISTRATOR);
  await isOver(server);
  const counts = await underDataKeys(server);
  assert.deepEqual([counts['records under 1'], counts['records under 2']], [1, 599]);
  const lines = await server.store.reader.auditAfter(0, 10_000);
  const told = lines.map(({ event }) => JSON.parse(event) as Record<string, unknown>);
  const over = told.find(({ event }) => event === 'records-resealed');
  assert.deepEqual([over?.['records'], over?.['unreadable']], [599, 1]);
  await stop(server);
});

test('it does not end before an import that was staged under the old data key', async () => {
  const imports = { under: ['an import'] };
  const server = await start('importing', random(32), (store) =>
    throughTransactions(store, (method) =>
      method === 'stagedImports' ? () => Promise.resolve(imports.under) : undefined,
    ),
  );
  await record(server, 10);
  await server.resealing.rotate(ADMINISTRATOR);
  const waiting = await eventually('a reason to wait', async () => {
    const { resealing } = await server.resealing.state();
    return resealing?.problem ?? undefined;
  });
  assert.match(waiting, SHOWN.importRunning);
  imports.under = [];
  await server.resealing.rotate(ADMINISTRATOR);
  await stop(server);
});

test('a backup that is taken in the middle is restored to a server that is whole, and goes on to the end', async () => {
  const { held, pages } = pageByPage();
  const server = await start('backed-up', random(32), undefined, held);
  await record(server, KEYS);
  await server.resealing.rotate(ADMINISTRATOR);
  await walkTo(server, 500, pages);
  const file: Uint8Array[] = [];
  const { rows, audit, keyring } = server.repository;
  const backupPorts = {
    ...server.ports,
    server: server.repository.server,
    clock,
    rows,
    audit,
    keyring,
    refusals: new Refusals(new CountedEvents(audit, clock)),
    workFactor: WORK_FACTOR,
  };
  const prepared = await prepareBackup(backupPorts, 'some', { password: PASSWORD });
  await sendBackup(backupPorts, ADMINISTRATOR, prepared, async ({ bytes }) => {
    for await (const block of bytes) file.push(block);
  });

  const sealKey = random(32);
  const directory = join(place, 'backed-up-again');
  const onFatal = (error: unknown): never => {
    throw error;
  };
  await fillSqliteDirectory({ directory, mayRemain: [], onFatal }, (store) =>
    restoreBackup(
      { store, clock, random, log: silent },
      readBackup(inPieces(Buffer.concat(file)), PASSWORD),
      () => sealKey,
    ),
  );
  const inTheMiddle = await start('backed-up-again', sealKey, undefined, held);
  assert.equal((await inTheMiddle.resealing.state()).resealing?.done, 500);
  const halfway = await underDataKeys(inTheMiddle);
  assert.deepEqual([halfway['records under 1'], halfway['records under 2']], [KEYS - 500, 500]);
  assert.deepEqual((await verify({ store: inTheMiddle.store, ...inTheMiddle.repository })).problems, []);
  await stop(inTheMiddle);
  const again = await start('backed-up-again', sealKey);
  await isOver(again);
  assert.deepEqual(Object.keys(await underDataKeys(again)).toSorted(), [
    'records under 2',
    'secrets under 2',
  ]);
  assert.deepEqual((await verify({ store: again.store, ...again.repository })).problems, []);
  await stop(again);
  await stop(server);
});
