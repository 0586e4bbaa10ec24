/** The contract's first half: works, numbers, and what nobody may see. */
import assert from 'node:assert/strict';
import type { Transaction } from '#store/transaction.ts';
import type { Store } from '#store/store.ts';
import type { WithStore } from './store-contract.ts';
import { auditAfterHead, NO_LINE, keyAfter, keyId, keysAfterHead, plain, ZEROS } from './stored-rows.ts';

/** Appends those keys at the head, whatever it is when the work runs. */
export function record(store: Store, ns: readonly number[]): Promise<void> {
  return store.write((transaction) => append(transaction, ns));
}

async function append(transaction: Transaction, ns: readonly number[]): Promise<void> {
  await transaction.appendKeys(keysAfterHead(await transaction.head(), ns));
}

/** Every key of the repository, and that they are numbered 1, 2, 3 … */
async function allKeys(store: Store): Promise<readonly string[]> {
  const rows = await store.reader.keysAfter(0, 100_000);
  assert.deepEqual(
    rows.map(({ seq }) => seq),
    rows.map((_, index) => index + 1),
  );
  return rows.map(({ id }) => id);
}

class Abandoned extends Error {}

export function contractOfWriting(withStore: WithStore): void {
  withStore('an empty repository stands at number 0', async (store) => {
    assert.deepEqual(plain(await store.reader.head()), plain({ seq: 0, chain: ZEROS }));
    assert.deepEqual(plain(await store.reader.auditHead()), plain(NO_LINE));
    assert.deepEqual(plain(await store.reader.chainAt(0)), plain(ZEROS));
    assert.equal(await store.reader.chainAt(1), undefined);
    assert.deepEqual(await store.reader.keysAfter(0, 10), []);
  });

  withStore('a work gives its answer, and the head moves with it', async (store) => {
    const row = keyAfter({ seq: 0, chain: ZEROS }, 1);
    const answer = await store.write(async (transaction) => {
      await transaction.appendKeys([row]);
      return 'done';
    });
    assert.equal(answer, 'done');
    assert.deepEqual(plain(await store.reader.head()), plain({ seq: 1, chain: row.chain }));
    assert.deepEqual(plain(await store.reader.keyById(row.id)), plain(row));
  });

  withStore('works asked for at once are numbered in their order without gaps', async (store) => {
    const answers = await Promise.all(
      Array.from({ length: 1500 }, (_, index) =>
        store.write(async (transaction) => {
          await append(transaction, [index]);
          return (await transaction.head()).seq;
        }),
      ),
    );
    assert.deepEqual(
      answers,
      answers.map((_, index) => index + 1),
    );
    assert.deepEqual(
      await allKeys(store),
      answers.map((_, index) => keyId(index)),
    );
  });

  withStore('works too large for one flush are all kept, in their order', async (store) => {
    const sealed = new Uint8Array(1024 * 1024).fill(7);
    const works = Array.from({ length: 24 }, (_, index) =>
      store.write(async (transaction) => {
        await transaction.appendKeys([{ ...keyAfter(await transaction.head(), index), sealed }]);
      }),
    );
    await Promise.all([...works, record(store, [24])]);
    assert.deepEqual(
      await allKeys(store),
      Array.from({ length: 25 }, (_, index) => keyId(index)),
    );
  });

  withStore('a work that fails leaves nothing, and its neighbours are untouched', async (store) => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 300 }, (_, index) =>
        store.write(async (transaction) => {
          await append(transaction, [index]);
          await transaction.putContact({ id: `contact ${index}`, lastHeartbeatAt: null, body: '{}' });
          await transaction.appendAudit(auditAfterHead(await transaction.auditHead(), [`event ${index}`]));
          if (index % 3 === 0) throw new Abandoned(`work ${index}`);
        }),
      ),
    );
    const kept = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
    assert.deepEqual(
      kept,
      outcomes.flatMap((_, index) => (index % 3 === 0 ? [] : [index])),
    );
    for (const outcome of outcomes)
      assert.ok(outcome.status === 'fulfilled' || outcome.reason instanceof Abandoned);
    assert.deepEqual(await allKeys(store), kept.map(keyId));
    const contacts = await Promise.all(outcomes.map((_, index) => store.reader.contact(`contact ${index}`)));
    assert.deepEqual(
      contacts.flatMap((contact, index) => (contact === undefined ? [] : [index])),
      kept,
    );
    assert.deepEqual(
      (await store.reader.auditAfter(0, 1000)).map(({ event }) => event),
      kept.map((index) => `event ${index}`),
    );
  });

  withStore('a work that fails in the middle of its rows leaves none of them', async (store) => {
    await record(store, [1, 2]);
    const known = store.write((transaction) => append(transaction, [3, 4, 2, 5]));
    await assert.rejects(known, /broken invariant/);
    assert.deepEqual(await allKeys(store), [keyId(1), keyId(2)]);
  });

  withStore('a work whose write failed has failed, even if it looked away', async (store) => {
    await record(store, [1]);
    const careless = store.write(async (transaction) => {
      await append(transaction, [2, 1]).catch(() => undefined);
    });
    await assert.rejects(careless, /broken invariant/);
    assert.deepEqual(await allKeys(store), [keyId(1)]);
  });

  withStore('a gap and a number given before are refused', async (store) => {
    await record(store, [1]);
    const head = await store.reader.head();
    for (const seq of [1, 3]) {
      const work = store.write((transaction) => transaction.appendKeys([{ ...keyAfter(head, 2), seq }]));
      await assert.rejects(work, /broken invariant/);
      const audit = store.write((transaction) =>
        transaction.appendAudit([{ seq: seq + 1, event: '{}', chain: ZEROS, mac: ZEROS }]),
      );
      await assert.rejects(audit, /broken invariant/);
    }
    assert.deepEqual(await allKeys(store), [keyId(1)]);
  });

  withStore('each work sees all earlier ones and its own writes', async (store) => {
    const first = record(store, [1]);
    const second = store.write(async (transaction) => {
      assert.equal((await transaction.keyById(keyId(1)))?.seq, 1);
      await append(transaction, [2]);
      assert.equal((await transaction.keyById(keyId(2)))?.seq, 2);
      assert.equal((await transaction.findKeys({ text: 'device 2', limit: 9 })).keys.length, 1);
      return (await transaction.head()).seq;
    });
    assert.equal(await second, 2);
    await first;
  });

  withStore('nobody sees what is not committed', async (store) => {
    await record(store, [1]);
    let seen: Promise<readonly [number, unknown, unknown]> | undefined;
    const abandoned = store.write(async (transaction) => {
      await append(transaction, [2]);
      await transaction.putContact({ id: 'contact', lastHeartbeatAt: 1, body: '{}' });
      // Not awaited: a work awaits nothing but its transaction.
      seen = Promise.all([
        store.reader.head().then(({ seq }) => seq),
        store.reader.keyById(keyId(2)),
        store.reader.contact('contact'),
      ]);
      for (let turn = 0; turn < 20; turn += 1) await transaction.head();
      throw new Abandoned();
    });
    await assert.rejects(abandoned, Abandoned);
    assert.deepEqual(await seen, [1, undefined, undefined]);
  });

  withStore('what was answered is seen at once', async (store) => {
    for (let n = 1; n <= 50; n += 1) {
      await record(store, [n]);
      assert.equal((await store.reader.head()).seq, n);
    }
  });

  withStore('a reader that remembers the last number it saw never skips a key', async (store) => {
    const seen: string[] = [];
    let writing = true;
    const follow = async (): Promise<void> => {
      for (let last = 0, over = false; !over; ) {
        over = !writing;
        const rows = await store.reader.keysAfter(last, 7);
        for (const row of rows) {
          assert.equal(row.seq, last + 1, 'a number appeared before the one below it');
          last = row.seq;
          seen.push(row.id);
        }
        over &&= rows.length === 0;
        await new Promise(setImmediate);
      }
    };
    const followers = follow();
    // Works that take their number early and finish late, beside short ones, and some that give theirs back.
    for (let round = 0; round < 40; round += 1) {
      await Promise.allSettled(
        Array.from({ length: 8 }, (_, index) =>
          store.write(async (transaction) => {
            await append(transaction, [round * 8 + index]);
            for (let turn = 0; turn < (index * 5) % 17; turn += 1) await transaction.head();
            if ((round + index) % 5 === 0) throw new Abandoned();
          }),
        ),
      );
      if (round % 4 === 0) await new Promise(setImmediate);
    }
    writing = false;
    await followers;
    assert.deepEqual(seen, await allKeys(store));
    assert.equal(seen.length, 256);
  });

  withStore(
    'a record sealed anew changes in its seal and in nothing else, nor does any other',
    async (store) => {
      await record(store, [1, 2, 3]);
      const before = await store.reader.keysAfter(0, 9);
      const sealed = new Uint8Array(70).fill(9);
      await store.write((transaction) => transaction.replaceSealed([{ seq: 2, sealed }]));
      const after = await store.reader.keysAfter(0, 9);
      assert.deepEqual(plain(after), plain([before[0], { ...before[1], sealed }, before[2]]));
      assert.deepEqual(plain(await store.reader.head()), plain({ seq: 3, chain: before[2]!.chain }));
      assert.deepEqual(plain(await store.reader.keyById(keyId(2))), plain({ ...before[1], sealed }));
      await record(store, [4]);
      assert.deepEqual(await allKeys(store), [1, 2, 3, 4].map(keyId));
    },
  );

  withStore(
    'a seal of a work that fails stays the old one, and a number without a record is refused',
    async (store) => {
      await record(store, [1, 2]);
      const before = await store.reader.keysAfter(0, 9);
      const sealed = new Uint8Array(70).fill(9);
      const abandoned = store.write(async (transaction) => {
        await transaction.replaceSealed([{ seq: 1, sealed }]);
        assert.deepEqual(plain((await transaction.keyById(keyId(1)))?.sealed), plain(sealed));
        throw new Abandoned();
      });
      await assert.rejects(abandoned, Abandoned);
      for (const seqs of [[0], [3], [1, 3], [2, 2]]) {
        const work = store.write((transaction) =>
          transaction.replaceSealed(seqs.map((seq) => ({ seq, sealed }))),
        );
        await assert.rejects(work, /broken invariant/);
      }
      assert.deepEqual(plain(await store.reader.keysAfter(0, 9)), plain(before));
    },
  );

  withStore('a transaction is of no use after its work', async (store) => {
    let kept: Transaction | undefined;
    await store.write(async (transaction) => {
      kept = transaction;
      await append(transaction, [1]);
    });
    await assert.rejects(append(kept!, [2]), /broken invariant/);
    await assert.rejects(kept!.head(), /broken invariant/);
    assert.deepEqual(await allKeys(store), [keyId(1)]);
  });
}
