/** The contract's fourth part: what an import stages before it is confirmed. */
import assert from 'node:assert/strict';
import type { StagedKey } from '#store/rows.ts';
import type { WithStore } from './store-contract.ts';
import { keyAfter, keyId, plain, ZEROS } from './stored-rows.ts';

const IMPORT_A = '0192f0aa-1111-4000-8000-00000000000a';
const IMPORT_B = '0192f0bb-2222-4000-8000-00000000000b';

export function staged(n: number): StagedKey {
  const { id, digest, deviceId, fields, sealed, recordedAt } = keyAfter({ seq: 0, chain: ZEROS }, n);
  return { id, digest, deviceId, fields, sealed, recordedAt };
}

export function contractOfStaging(withStore: WithStore): void {
  const head = (n: number) => ({ id: staged(n).id, digest: staged(n).digest, forIdOnly: false });

  withStore(
    'staged keys are looked at and dropped in order of id, and touch no repository',
    async (store) => {
      await store.write((transaction) => transaction.stageKeys(IMPORT_A, [staged(3), staged(1)]));
      await store.write((transaction) => transaction.stageKeys(IMPORT_A, [staged(2)]));
      await store.write((transaction) =>
        transaction.stageKeys(IMPORT_B, [{ ...staged(1), sealed: new Uint8Array(0) }]),
      );
      assert.deepEqual([...(await store.reader.stagedImports())].toSorted(), [IMPORT_A, IMPORT_B]);
      assert.equal(await store.reader.countStaged(IMPORT_A), 3);
      const heads = (importId: string, limit: number) =>
        store.write((transaction) => transaction.stagedHeads(importId, limit));
      const drop = (limit: number) => store.write((transaction) => transaction.dropStaged(IMPORT_A, limit));
      assert.deepEqual(plain(await heads(IMPORT_A, 2)), plain([head(1), head(2)]));
      assert.deepEqual(plain(await heads(IMPORT_B, 2)), plain([{ ...head(1), forIdOnly: true }]));
      assert.equal(await drop(2), 2);
      assert.deepEqual(plain(await heads(IMPORT_A, 2)), plain([head(3)]));
      assert.equal(await drop(2), 1);
      assert.equal(await drop(2), 0);
      assert.deepEqual(await heads(IMPORT_A, 2), []);
      assert.equal((await store.reader.head()).seq, 0);
      assert.equal(await store.reader.keyById(keyId(1)), undefined);
      assert.deepEqual(await store.reader.stagedImports(), [IMPORT_B]);
      assert.equal(await store.reader.countStaged(IMPORT_A), 0);
    },
  );

  withStore(
    'staged keys that are appended are the rows that would have been appended themselves',
    async (store) => {
      const first = keyAfter({ seq: 0, chain: ZEROS }, 1);
      const second = keyAfter(first, 3);
      const third = keyAfter(second, 2);
      const receivedFrom = `import:${IMPORT_A}`;
      await store.write((transaction) =>
        transaction.stageKeys(IMPORT_A, [staged(4), staged(3), staged(2), staged(1)]),
      );
      await store.write(async (transaction) => {
        await transaction.appendStaged(IMPORT_A, [first], receivedFrom);
        await transaction.appendStaged(IMPORT_A, [], receivedFrom);
        await transaction.appendStaged(IMPORT_A, [second, third], receivedFrom);
        assert.equal((await transaction.head()).seq, 3);
      });
      const rows = await store.reader.keysAfter(0, 10);
      const expected = [first, second, third].map((row) => ({ ...row, receivedFrom }));
      assert.deepEqual(plain(rows), plain(expected));
      assert.equal(await store.reader.countStaged(IMPORT_A), 4, 'they stay staged until they are dropped');
      for (const [wrong, refusal] of [
        [keyAfter(second, 4), /broken invariant/],
        [keyAfter(third, 5), { code: 'data-damaged' }],
      ] as const) {
        await assert.rejects(
          store.write((transaction) => transaction.appendStaged(IMPORT_A, [wrong], receivedFrom)),
          refusal,
        );
      }
      assert.equal((await store.reader.head()).seq, 3);
    },
  );

  withStore('an id that was staged before is named, and nothing of its page is staged', async (store) => {
    await store.write((transaction) => transaction.stageKeys(IMPORT_A, [staged(1)]));
    const twice = await store.write((transaction) =>
      transaction.stageKeys(IMPORT_A, [staged(2), staged(1), staged(4)]),
    );
    assert.equal(twice, keyId(1));
    const within = await store.write((transaction) =>
      transaction.stageKeys(IMPORT_A, [staged(5), staged(5)]),
    );
    assert.equal(within, keyId(5));
    assert.equal(await store.reader.countStaged(IMPORT_A), 1);
  });

  withStore('what is dropped and what is appended is there together or not at all', async (store) => {
    await store.write((transaction) => transaction.stageKeys(IMPORT_A, [staged(1)]));
    const failing = store.write(async (transaction) => {
      await transaction.appendStaged(IMPORT_A, [keyAfter(await transaction.head(), 1)], 'import:a');
      await transaction.dropStaged(IMPORT_A, 10);
      throw new Error('stopped');
    });
    await assert.rejects(failing, /stopped/);
    assert.equal(await store.reader.countStaged(IMPORT_A), 1);
    assert.equal((await store.reader.head()).seq, 0);
  });
}
