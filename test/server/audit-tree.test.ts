/** The audit log as a tree: what is stored of it at any size, what is carried over, and what a start makes of damage. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Barrier } from '#crypto/barrier.ts';
import { createKeyring } from '#crypto/keyring.ts';
import {
  appendLeaf,
  consistencyRanges,
  type Frontier,
  inclusionRanges,
  leafHash,
  rootOf,
  sameHash,
  verifyConsistency,
  verifyInclusion,
} from '#domain/merkle-tree.ts';
import { nextChainValue, SEQUENCE_START } from '#domain/sequence.ts';
import { AuditLog } from '#server/audit/audit-log.ts';
import { openAuditTree, restoreTree } from '#server/audit/open-tree.ts';
import { TileReader } from '#server/audit/tiles.ts';
import type { AuditRow } from '#store/rows.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import type { Store } from '#store/store.ts';
import { plain } from '#test/store/stored-rows.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';

const random = (bytes: number): Uint8Array => randomBytes(bytes);
const { keyring } = createKeyring({ random, sealKey: random(32), sealId: 'key-file', kind: 'key-file' });
const barrier = new Barrier(keyring, random);
const clock = () => Date.parse('2026-01-01T00:00:00Z');

async function emptyStore(): Promise<Store> {
  const store = await openSqliteStore({
    path: ':memory:',
    onFatal: (error) => {
      throw error;
    },
  });
  atTheEnd(() => store.close());
  return store;
}

const logged: string[] = [];
const write = ({ event }: Readonly<Record<string, unknown>>): void => void logged.push(String(event));
const log = { info: write, warn: write, error: write };

async function opened(store: Store): Promise<AuditLog> {
  const audit = new AuditLog(store, barrier, clock);
  await openAuditTree({ store, barrier, audit, log });
  return audit;
}

const events = (count: number, from = 0) =>
  Array.from(
    { length: count },
    (_, at) => ({ event: 'key-refused', by: 'server', key: `${from + at}`, reason: 'x' }) as const,
  );

async function leavesIn(store: Store): Promise<Uint8Array[]> {
  return (await store.reader.auditAfter(0, 1_000_000)).map(({ event }) => leafHash(event));
}

function rootAt(leaves: readonly Uint8Array[], size: number): Uint8Array {
  let frontier: Frontier = [];
  for (const [at, leaf] of leaves.slice(0, size).entries()) frontier = appendLeaf(frontier, at, leaf);
  return rootOf(frontier);
}

/** Grows in appends of these sizes. */
async function grow(store: Store, audit: AuditLog, sizes: readonly number[]): Promise<void> {
  for (const size of sizes) await store.write((transaction) => audit.append(transaction, events(size)));
}

test('a log of two hundred thousand lines proves any line and any two sizes from its tiles alone', async () => {
  const store = await emptyStore();
  const audit = await opened(store);
  await grow(store, audit, [1, 3, 251, 1, 1, 255, 1000, 64_023, 1, 130_000]);
  const leaves = await leavesIn(store);
  const last = leaves.length;
  assert.deepEqual(
    plain(await audit.treeHead(store.reader)),
    plain({ size: last, root: rootAt(leaves, last) }),
  );
  let reads = 0;
  const counting = new Proxy(store.reader, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as (...values: unknown[]) => unknown;
      return (...values: unknown[]) => {
        reads += 1;
        return method.apply(target, values);
      };
    },
  });
  for (const size of [1, 2, 255, 256, 257, 4096, 65_535, 65_536, 65_537, 65_792, 100_000, last - 1, last]) {
    const root = rootAt(leaves, size);
    reads = 0;
    const tiles = () => new TileReader(counting);
    assert.ok(sameHash(await tiles().hashOf({ begin: 0, end: size }), root), `the root at ${size}`);
    assert.ok(reads <= 4, `${reads} reads`);
    const hashes = (ranges: Parameters<TileReader['hashOf']>[0][]) => {
      const reader = tiles();
      return Promise.all(ranges.map((range) => reader.hashOf(range)));
    };
    for (const index of [0, Math.floor(size / 2), size - 1]) {
      const proof = await hashes(inclusionRanges(index, size));
      assert.ok(verifyInclusion(index, size, leaves[index]!, proof, root), `line ${index + 1} of ${size}`);
    }
    const first = Math.ceil(size / 3);
    const proof = await hashes(consistencyRanges(first, size));
    assert.ok(verifyConsistency({ size: first, root: rootAt(leaves, first) }, { size, root }, proof));
  }
});

test('after a start the log goes on from what is stored, and an undone append leaves no trace', async () => {
  const store = await emptyStore();
  await grow(store, await opened(store), [1, 300, 2]);
  const audit = await opened(store);
  await grow(store, audit, [5]);
  for (const count of [1, 400]) {
    const undone = store.write(async (transaction) => {
      await audit.append(transaction, events(count, 1000));
      throw new Error('undone');
    });
    await assert.rejects(undone, /undone/);
    await grow(store, audit, [2]);
  }
  const leaves = await leavesIn(store);
  const whole = { size: leaves.length, root: rootAt(leaves, leaves.length) };
  assert.deepEqual(plain(await audit.treeHead(store.reader)), plain(whole));
  assert.deepEqual(plain(await (await opened(store)).treeHead(store.reader)), plain(whole));
});

/** Lines as releases without a tree wrote them. */
async function writeChained(store: Store, count: number): Promise<Uint8Array> {
  let { chain } = SEQUENCE_START;
  const rows: AuditRow[] = [];
  for (let seq = 1; seq <= count; seq += 1) {
    const event = JSON.stringify({ at: '2025-01-01T00:00:00.000Z', event: 'key-refused', key: `${seq}` });
    chain = nextChainValue(chain, leafHash(event));
    const mac =
      seq % 3 === 0 || seq === count
        ? barrier.mac('audit', `${seq} ${Buffer.from(chain).toString('hex')}`)
        : new Uint8Array(0);
    rows.push({ seq, event, chain, mac });
  }
  await store.write((transaction) => transaction.appendAudit(rows));
  return chain;
}

for (const lines of [1, 255, 256, 2000]) {
  test(`a log of ${lines} chained lines is carried over: each is a leaf, and the next line names their chain`, async () => {
    const store = await emptyStore();
    const chain = await writeChained(store, lines);
    const audit = await opened(store);
    await grow(store, audit, [1]);
    const rows = await store.reader.auditAfter(lines, 2);
    assert.deepEqual(JSON.parse(rows[0]!.event), {
      at: '2026-01-01T00:00:00.000Z',
      event: 'audit-tree-started',
      by: 'server',
      lines,
      chain: Buffer.from(chain).toString('hex'),
      faults: 0,
    });
    const leaves = await leavesIn(store);
    assert.equal(leaves.length, lines + 2);
    const { size, root } = await audit.treeHead(store.reader);
    assert.equal(size, lines + 2);
    assert.ok(sameHash(root, rootAt(leaves, size)));
    // The second start begins nothing anew.
    await opened(store);
    assert.equal((await store.reader.auditHead()).seq, lines + 2);
  });
}

test('a log restored from a backup goes on: of lines of a tree, and of chained lines of an older backup', async () => {
  const source = await emptyStore();
  const before = await opened(source);
  await grow(source, before, [300]);
  const whole = await before.treeHead(source.reader);
  for (const lines of ['tree', 'chain'] as const) {
    const store = await emptyStore();
    if (lines === 'chain') await writeChained(store, 300);
    else {
      const rows = await source.reader.auditAfter(0, 1000);
      await store.write((transaction) => transaction.appendAudit(rows));
    }
    const audit = new AuditLog(store, barrier, clock);
    await restoreTree({ store, barrier, audit, log });
    const { size, root } = await audit.treeHead(store.reader);
    assert.ok(sameHash(root, rootAt(await leavesIn(store), size)));
    if (lines === 'tree') assert.ok(sameHash(root, whole.root));
    else assert.equal(size, 301);
    await grow(store, audit, [1]);
    assert.deepEqual(logged, []);
  }
});

test('a chained line that had been altered is counted when the tree is started', async () => {
  const store = await emptyStore();
  await writeChained(store, 9);
  const altered = await emptyStore();
  const rows = await store.reader.auditAfter(0, 9);
  await altered.write((transaction) =>
    transaction.appendAudit(rows.map((row) => (row.seq === 5 ? { ...row, event: '{}' } : row))),
  );
  await opened(altered);
  const [started] = await altered.reader.auditAfter(9, 1);
  assert.equal(JSON.parse(started!.event).faults, 1);
});

test('tiles that were lost or altered are made again at the next start', async () => {
  const store = await emptyStore();
  await grow(store, await opened(store), [700]);
  const tile = await store.reader.auditTile(1, 0);
  await store.write((transaction) =>
    transaction.putAuditTile({ level: 1, index: 0, hashes: new Uint8Array(32) }),
  );
  const audit = await opened(store);
  assert.deepEqual(await store.reader.auditTile(1, 0), tile);
  const leaves = await leavesIn(store);
  assert.ok(sameHash((await audit.treeHead(store.reader)).root, rootAt(leaves, 700)));
  assert.deepEqual(logged, []);
});
