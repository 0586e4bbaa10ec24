/** The contract's part on repairing: the record that was there comes back, and nothing else can be put in. */
import assert from 'node:assert/strict';
import { nextChainValue } from '#domain/sequence.ts';
import type { StoredKey } from '#store/rows.ts';
import type { Store } from '#store/store.ts';
import type { WithStore } from './store-contract.ts';
import { keyAfter, keysAfterHead, plain, ZEROS } from './stored-rows.ts';

const START = { seq: 0, chain: ZEROS };
const right = keysAfterHead(START, [1, 2, 3, 4, 5]);
const GARBLED = new Uint8Array(64).fill(9);

/** A repository with these rows, whatever is wrong with them. */
async function laidDown(store: Store, rows: readonly StoredKey[]): Promise<void> {
  await store.write((transaction) => transaction.appendKeys(rows));
}

/** The right rows, some of them damaged. */
function damagedIn(damage: ReadonlyMap<number, Partial<StoredKey>>): StoredKey[] {
  return right.map((row) => ({ ...row, ...damage.get(row.seq) }));
}

async function refused(store: Store, rows: readonly StoredKey[]): Promise<void> {
  const before = await store.reader.keysAfter(0, 100);
  await assert.rejects(
    store.write((transaction) => transaction.repairKeys(rows)),
    /broken invariant/,
  );
  assert.deepEqual(plain(await store.reader.keysAfter(0, 100)), plain(before));
}

export function contractOfRepair(withStore: WithStore): void {
  for (const [column, value] of [
    ['sealed', GARBLED],
    ['fields', '{}'],
    ['id', keyAfter(START, 77).id],
    ['digest', ZEROS],
    ['chain', ZEROS],
    ['deviceId', keyAfter(START, 78).id],
    ['receivedFrom', 'nobody'],
    ['recordedAt', 0],
  ] as const) {
    for (const seq of [1, 3, 5]) {
      withStore(
        `a row whose ${column} was damaged at number ${seq} is repaired, and nothing else changes`,
        async (store) => {
          await laidDown(store, damagedIn(new Map([[seq, { [column]: value }]])));
          await store.write(async (transaction) => {
            await transaction.repairKeys([right[seq - 1]!]);
            assert.deepEqual(plain(await transaction.keysAfter(0, 9)), plain(right));
          });
          assert.deepEqual(plain(await store.reader.keysAfter(0, 9)), plain(right));
          assert.deepEqual(plain(await store.reader.keyById(right[seq - 1]!.id)), plain(right[seq - 1]));
          await store.write(async (transaction) =>
            transaction.appendKeys([keyAfter(await transaction.head(), 6)]),
          );
          assert.deepEqual(
            plain(await store.reader.keysAfter(5, 9)),
            plain([keyAfter(right[4]!, 6)]),
            'the next key continues the repaired chain',
          );
        },
      );
    }
  }

  withStore('two records that changed places are put back, in one step', async (store) => {
    const [, second, third] = right;
    await laidDown(
      store,
      damagedIn(
        new Map([
          [2, { ...third!, seq: 2 }],
          [3, { ...second!, seq: 3 }],
        ]),
      ),
    );
    await store.write((transaction) => transaction.repairKeys([third!, second!]));
    assert.deepEqual(plain(await store.reader.keysAfter(0, 9)), plain(right));
  });

  withStore(
    'another record is refused at every place, damaged or not, however well it follows',
    async (store) => {
      await laidDown(store, damagedIn(new Map([[3, { sealed: GARBLED }]])));
      for (const seq of [1, 3, 5]) {
        await refused(store, [keyAfter(right[seq - 2] ?? START, 66)]);
      }
      // A whole tail of others, each following the last.
      await refused(store, keysAfterHead(right[2]!, [61, 62]));
    },
  );

  withStore(
    'a row that does not follow the one before it is refused, and so is any by its halves',
    async (store) => {
      await laidDown(store, damagedIn(new Map([[3, { chain: ZEROS }]])));
      await refused(store, [{ ...right[2]!, chain: right[3]!.chain }]);
      await refused(store, [right[2]!, { ...right[3]!, digest: ZEROS }]);
      const other = keyAfter(right[1]!, 66);
      await refused(store, [{ ...right[2]!, digest: other.digest, chain: other.chain }]);
      await refused(store, [{ ...right[2]!, chain: nextChainValue(ZEROS, right[2]!.digest) }]);
    },
  );

  withStore('the last row of all is no proof for those before it', async (store) => {
    // The fourth is another record, and the fifth follows it.
    const others = keysAfterHead(right[2]!, [61]);
    const fifth = { ...right[4]!, chain: nextChainValue(others[0]!.chain, right[4]!.digest) };
    await laidDown(store, damagedIn(new Map([[4, { sealed: GARBLED }]])));
    await refused(store, [others[0]!, fifth]);
  });

  withStore(
    'a number above the head, number 0, a number twice and an id that stands elsewhere are refused',
    async (store) => {
      await laidDown(store, right);
      await refused(store, [keyAfter(right[4]!, 6)]);
      await refused(store, [{ ...right[0]!, seq: 0 }]);
      await refused(store, [right[2]!, right[2]!]);
      await refused(store, [{ ...right[2]!, id: right[4]!.id }]);
    },
  );
}
