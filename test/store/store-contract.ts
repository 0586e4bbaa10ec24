/**
 * What every store promises (src/store/store.ts), as tests. A new store is right when it passes them; nothing here
 * knows what database lies below.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Store } from '#store/store.ts';
import { contractOfRepair } from './contract-repair.ts';
import { contractOfReading } from './contract-reading.ts';
import { contractOfRows } from './contract-rows.ts';
import { contractOfSnapshots } from './contract-snapshot.ts';
import { contractOfStaging } from './contract-staging.ts';
import { contractOfWriting, record } from './contract-writing.ts';
import { modelHolds } from './store-model.ts';
import { keyId } from './stored-rows.ts';

/** An empty repository of one test. */
export interface Repository {
  open(): Promise<Store>;
  /** Whether what was written is there when it is opened again. */
  readonly outlivesClosing: boolean;
  remove(): Promise<void>;
}

export type NewRepository = () => Promise<Repository>;
/** A test with an open store, closed after it. */
export type WithStore = (claim: string, body: (store: Store) => Promise<void>) => void;

/** @param modelRuns how often the model is held against it. */
export function storeContract(name: string, newRepository: NewRepository, modelRuns?: number): void {
  const withStore: WithStore = (claim, body) => {
    void test(claim, async () => {
      const repository = await newRepository();
      const store = await repository.open();
      try {
        await body(store);
        assert.deepEqual(await store.checkStructure(), []);
      } finally {
        await store.close();
        await repository.remove();
      }
    });
  };

  describe(`the store contract: ${name}`, () => {
    contractOfWriting(withStore);
    contractOfReading(withStore);
    contractOfRows(withStore);
    contractOfStaging(withStore);
    contractOfRepair(withStore);
    contractOfSnapshots(withStore, newRepository);
    contractOfClosing(newRepository);
    void test(
      'any interleaving of works leaves what a plain list and map would hold',
      { timeout: 120_000 },
      () => modelHolds(newRepository, modelRuns),
    );
  });
}

function contractOfClosing(newRepository: NewRepository): void {
  void test('closing waits for works that were asked for, and takes no more', async () => {
    const repository = await newRepository();
    const store = await repository.open();
    const works = Array.from({ length: 20 }, (_, index) => record(store, [index]));
    const closing = store.close();
    await Promise.all(works);
    await closing;
    await store.close();
    await assert.rejects(record(store, [99]), { code: 'interrupted' });
    await assert.rejects(store.reader.head(), { code: 'interrupted' });
    await assert.rejects(store.checkStructure(), { code: 'interrupted' });
    await repository.remove();
  });

  void test('what was answered is there when the repository is opened again', async (context) => {
    const repository = await newRepository();
    if (!repository.outlivesClosing) {
      context.diagnostic('this repository ends with its process');
      return;
    }
    let n = 0;
    for (let round = 0; round < 4; round += 1) {
      const store = await repository.open();
      assert.equal((await store.reader.head()).seq, n);
      const works = Array.from({ length: 50 }, () => record(store, [(n += 1)]));
      await Promise.all(works);
      await store.close();
    }
    const store = await repository.open();
    const rows = await store.reader.keysAfter(0, 1000);
    assert.deepEqual(
      rows.map(({ id }) => id),
      Array.from({ length: 200 }, (_, index) => keyId(index + 1)),
    );
    await store.close();
    await repository.remove();
  });
}
