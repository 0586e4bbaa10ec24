/** The contract's fourth part: what an import stages before it is confirmed. */
import assert from 'node:assert/strict';
import type { StagedKey } from '#store/store.ts';
import type { WithStore } from './store-contract.ts';
import { keyAfter, keyId, plain, ZEROS } from './stored-rows.ts';

const IMPORT_A = '0192f0aa-1111-4000-8000-00000000000a';
const IMPORT_B = '0192f0bb-2222-4000-8000-00000000000b';

function staged(n: number): StagedKey {
  const { id, digest, deviceId, fields, sealed, recordedAt } = keyAfter({ seq: 0, chain: ZEROS }, n);
  return { id, digest, deviceId, fields, sealed, recordedAt };
}

export function contractOfStaging(withStore: WithStore): void {
  withStore('staged keys are taken out once each, in order of id, and touch no repository', async (store) => {
    await store.write((transaction) => transaction.stageKeys(IMPORT_A, [staged(3), staged(1)]));
    await store.write((transaction) => transaction.stageKeys(IMPORT_A, [staged(2)]));
    await store.write((transaction) => transaction.stageKeys(IMPORT_B, [staged(1)]));
    assert.deepEqual([...(await store.reader.stagedImports())].toSorted(), [IMPORT_A, IMPORT_B]);
    assert.equal(await store.reader.countStaged(IMPORT_A), 3);
    assert.equal((await store.reader.head()).seq, 0);
    assert.equal(await store.reader.keyById(keyId(1)), undefined);
    const first = await store.write((transaction) => transaction.takeStaged(IMPORT_A, 2));
    assert.deepEqual(plain(first), plain([staged(1), staged(2)]));
    const rest = await store.write((transaction) => transaction.takeStaged(IMPORT_A, 2));
    assert.deepEqual(plain(rest), plain([staged(3)]));
    assert.deepEqual(await store.write((transaction) => transaction.takeStaged(IMPORT_A, 2)), []);
    assert.deepEqual(await store.reader.stagedImports(), [IMPORT_B]);
    assert.equal(await store.reader.countStaged(IMPORT_A), 0);
  });

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

  withStore('what is taken out and what is appended is there together or not at all', async (store) => {
    await store.write((transaction) => transaction.stageKeys(IMPORT_A, [staged(1)]));
    const failing = store.write(async (transaction) => {
      await transaction.takeStaged(IMPORT_A, 10);
      await transaction.appendKeys([keyAfter(await transaction.head(), 1)]);
      throw new Error('stopped');
    });
    await assert.rejects(failing, /stopped/);
    assert.equal(await store.reader.countStaged(IMPORT_A), 1);
    assert.equal((await store.reader.head()).seq, 0);
  });
}
