/** The contract's fifth part: the repository in one piece, and put back from it. */
import assert from 'node:assert/strict';
import { loadPage } from '#server/backup/load-page.ts';
import { REPOSITORY_TABLES, type RepositoryPage, type Snapshot } from '#store/snapshot.ts';
import type { Store } from '#store/store.ts';
import { record } from './contract-writing.ts';
import type { NewRepository, WithStore } from './store-contract.ts';
import {
  auditAfterHead,
  DEVICE_A,
  DEVICE_B,
  keyAfter,
  keyId,
  keysAfterHead,
  plain,
  ZEROS,
} from './stored-rows.ts';

/** More than two pages of the longest tables. */
const KEYS = 1203;
const IMPORT = '0192f0aa-1111-4000-8000-00000000000a';
const EPOCH = '1'.repeat(32);

/** Something in every table, in the last ones more than a page. */
async function fill(store: Store): Promise<void> {
  const mac = new Uint8Array(32).fill(7);
  await store.write(async (transaction) => {
    const head = await transaction.head();
    const numbers = Array.from({ length: KEYS }, (_, index) => index + 1);
    await transaction.appendKeys(keysAfterHead(head, numbers));
    await transaction.appendAudit(
      auditAfterHead(
        await transaction.auditHead(),
        numbers.map((n) => `{"n":${n}}`),
      ),
    );
    for (const n of numbers.slice(0, 700)) {
      await transaction.putRow({ kind: 'member', id: `member ${n}`, body: `{"n":${n}}`, mac });
      await transaction.putContact({
        id: `member ${n}`,
        lastHeartbeatAt: n % 2 === 0 ? n : null,
        body: '{}',
      });
      await transaction.putCursor({ memberId: `member ${n}`, epoch: EPOCH, rank: 1, seq: n, chain: mac });
    }
    await transaction.putRow({ kind: 'setting', id: 'member 1', body: '{}', mac });
    await transaction.putRefusedKeys(
      numbers
        .slice(0, 501)
        .map((seq) => ({ memberId: '', epoch: EPOCH, seq, keyId: 'id', reason: 'é', at: 1 })),
    );
    await transaction.addReceipts(DEVICE_A, numbers, { count: KEYS, digest: mac });
    await transaction.addReceipts(DEVICE_B, [1, 2], { count: 2, digest: ZEROS });
    const {
      seq: _seq,
      chain: _chain,
      receivedFrom: _from,
      ...staged
    } = keyAfter({ seq: 0, chain: ZEROS }, 9999);
    await transaction.stageKeys(IMPORT, [staged]);
  });
}

async function everything(snapshot: Snapshot): Promise<RepositoryPage[]> {
  const pages: RepositoryPage[] = [];
  for await (const page of snapshot.pages()) pages.push(page);
  return pages;
}

/** Rows by table, whatever pages they came in. */
function byTable(pages: readonly RepositoryPage[]): Record<string, unknown[]> {
  const rows: Record<string, unknown[]> = {};
  for (const page of pages) (rows[page.table] ??= []).push(...page.rows.map(plain));
  return rows;
}

async function snapshotRows(store: Store): Promise<Record<string, unknown[]>> {
  const snapshot = await store.snapshot();
  try {
    return byTable(await everything(snapshot));
  } finally {
    await snapshot.release();
  }
}

export function contractOfSnapshots(withStore: WithStore, newRepository: NewRepository): void {
  withStore(
    'a snapshot tells every row of every table once, and loading it makes the same',
    async (store) => {
      await fill(store);
      const rows = await snapshotRows(store);
      assert.deepEqual(Object.keys(rows), [...REPOSITORY_TABLES]);
      assert.deepEqual(
        rows['keys']?.map((row) => (row as { id: string }).id),
        Array.from({ length: KEYS }, (_, index) => keyId(index + 1)),
      );
      assert.equal(rows['audit']?.length, KEYS);
      assert.equal(rows['receipts']?.length, KEYS + 2);
      assert.equal(rows['trusted-rows']?.length, 701);
      const repository = await newRepository();
      const other = await repository.open();
      try {
        const snapshot = await store.snapshot();
        for await (const page of snapshot.pages())
          await other.write((transaction) => loadPage(transaction, page));
        await snapshot.release();
        assert.deepEqual(await snapshotRows(other), rows);
        assert.deepEqual(
          plain(await other.reader.receiptTotals(DEVICE_A)),
          plain(await store.reader.receiptTotals(DEVICE_A)),
        );
        assert.deepEqual(await other.checkStructure(), []);
      } finally {
        await other.close();
        await repository.remove();
      }
    },
  );

  withStore('what is written after a snapshot was taken is not in it, and is not held up', async (store) => {
    await record(store, [1, 2, 3]);
    const snapshot = await store.snapshot();
    const pages = snapshot.pages();
    const first = await pages.next();
    for (let n = 4; n < 40; n += 1) await record(store, [n]);
    await store.write((transaction) =>
      transaction.putRow({ kind: 'setting', id: 'late', body: '{}', mac: ZEROS }),
    );
    const rest: RepositoryPage[] = first.done === true ? [] : [first.value];
    for await (const page of pages) rest.push(page);
    const rows = byTable(rest);
    assert.equal(rows['keys']?.length, 3);
    assert.equal(rows['trusted-rows'], undefined);
    assert.equal((await snapshot.reader.head()).seq, 3);
    assert.equal((await store.reader.head()).seq, 39);
    await snapshot.release();
    assert.equal((await snapshotRows(store))['keys']?.length, 39);
  });

  withStore('an empty repository is an empty snapshot', async (store) => {
    assert.deepEqual(await snapshotRows(store), {});
  });

  withStore('closing the store ends its snapshots with a sentence', async (store) => {
    await record(store, [1]);
    const snapshot = await store.snapshot();
    const pages = snapshot.pages();
    await pages.next();
    await snapshot.release();
    await assert.rejects(everything(snapshot), { code: 'interrupted' });
    await assert.rejects(snapshot.reader.head(), { code: 'interrupted' });
    await snapshot.release();
  });
}
