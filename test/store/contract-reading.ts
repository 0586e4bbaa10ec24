/** The contract's second part: finding keys. */
import assert from 'node:assert/strict';
import type { KeyFilter } from '#store/transaction.ts';
import type { Store } from '#store/store.ts';
import type { WithStore } from './store-contract.ts';
import {
  DEVICE_A,
  DEVICE_B,
  DEVICE_C,
  keyAfter,
  keyId,
  keysAfterHead,
  type KeyTexts,
  plain,
} from './stored-rows.ts';

async function recordWith(store: Store, keys: readonly (readonly [number, KeyTexts])[]): Promise<void> {
  await store.write(async (transaction) => {
    for (const [n, texts] of keys)
      await transaction.appendKeys([keyAfter(await transaction.head(), n, texts)]);
  });
}

/** The numbers of all keys found, of so many pages as it takes, or of the first `limit`. */
async function listed(store: Store, filter: Partial<KeyFilter>): Promise<readonly number[]> {
  const { limit = 1000, order = 'oldest' } = filter;
  const seqs: number[] = [];
  let border: Partial<KeyFilter> | undefined = {};
  while (border !== undefined && seqs.length < limit) {
    const found = await store.reader.findKeys({ ...filter, ...border, limit: limit - seqs.length });
    seqs.push(...found.keys.map(({ seq }) => seq));
    const { searchedTo } = found;
    if (searchedTo === null) border = undefined;
    else border = order === 'oldest' ? { above: searchedTo } : { below: searchedTo };
  }
  return seqs;
}

export function contractOfReading(withStore: WithStore): void {
  withStore('every field of a key comes back as it was', async (store) => {
    await store.write(async (transaction) => {
      const rows = keysAfterHead(await transaction.head(), [1, 2, 3], {
        deviceName: 'Büro "Étage 3" \\ 東京 🔑',
        locator: { label: 'line\nbreak\u0000' },
      });
      await transaction.appendKeys(rows);
      assert.deepEqual(plain(await transaction.keysAfter(0, 10)), plain(rows));
    });
    const rows = await store.reader.keysAfter(0, 10);
    assert.match(rows[0]!.fields, /Étage 3.*東京 🔑/);
    for (const row of rows) {
      assert.deepEqual(plain(await store.reader.keyById(row.id)), plain(row));
      assert.deepEqual(plain(await store.reader.chainAt(row.seq)), plain(row.chain));
    }
    assert.equal(await store.reader.chainAt(4), undefined);
  });

  withStore('a key is found by its exact id only', async (store) => {
    await recordWith(store, [[0xab, {}]]);
    assert.equal((await store.reader.keyById(keyId(0xab)))?.seq, 1);
    for (const id of [
      keyId(1),
      keyId(0xab).toUpperCase(),
      keyId(0xab).replaceAll('-', ''),
      `${keyId(0xab)} `,
      '',
      "'",
    ]) {
      assert.equal(await store.reader.keyById(id), undefined, id);
      assert.equal((await store.reader.knownKeys([id])).size, 0, id);
    }
  });

  withStore('known keys are told with their number and digest, unknown ones are left out', async (store) => {
    await store.write(async (transaction) => {
      const rows = keysAfterHead(await transaction.head(), [10, 20, 30]);
      await transaction.appendKeys(rows);
    });
    const known = await store.reader.knownKeys([keyId(30), keyId(11), keyId(10), keyId(30)]);
    const rows = await store.reader.keysAfter(0, 3);
    assert.deepEqual(
      plain(known),
      new Map([
        [keyId(30), { seq: 3, digest: plain(rows[2]!.digest) }],
        [keyId(10), { seq: 1, digest: plain(rows[0]!.digest) }],
      ]),
    );
    assert.equal((await store.reader.knownKeys([])).size, 0);
    const many = Array.from({ length: 10_000 }, (_, index) => keyId(index));
    assert.equal((await store.reader.knownKeys(many)).size, 3);
    await assert.rejects(store.reader.knownKeys([...many, keyId(0)]), /broken invariant/);
  });

  withStore('keys after a number come in order, so many as were asked for', async (store) => {
    await recordWith(
      store,
      Array.from({ length: 30 }, (_, index) => [index, {}] as const),
    );
    const seqs = async (after: number, limit: number): Promise<readonly number[]> =>
      (await store.reader.keysAfter(after, limit)).map(({ seq }) => seq);
    assert.deepEqual(await seqs(0, 3), [1, 2, 3]);
    assert.deepEqual(await seqs(28, 10), [29, 30]);
    assert.deepEqual(await seqs(30, 10), []);
    assert.deepEqual(await seqs(0, 0), []);
  });

  withStore('keys of one device are listed and counted, page by page', async (store) => {
    const devices = [DEVICE_A, DEVICE_B];
    await recordWith(
      store,
      Array.from({ length: 20 }, (_, index) => [index, { deviceId: devices[index % 2]! }] as const),
    );
    assert.deepEqual(await listed(store, { deviceId: DEVICE_B, limit: 3 }), [2, 4, 6]);
    assert.deepEqual(await listed(store, { deviceId: DEVICE_B, above: 6 }), [8, 10, 12, 14, 16, 18, 20]);
    assert.deepEqual(await listed(store, { deviceId: DEVICE_C }), []);
    assert.deepEqual(await listed(store, { deviceId: 'no id' }), []);
    assert.deepEqual(await listed(store, { deviceId: DEVICE_B, order: 'newest', limit: 3 }), [20, 18, 16]);
    assert.deepEqual(
      (await store.reader.keysOfDevice(DEVICE_B, 6, 3)).map(({ seq }) => seq),
      [8, 10, 12],
    );
    assert.deepEqual(
      await store.reader.countKeysByDevice([DEVICE_A, DEVICE_B, DEVICE_C]),
      new Map([
        [DEVICE_A, 10],
        [DEVICE_B, 10],
        [DEVICE_C, 0],
      ]),
    );
  });

  withStore('keys are found by a part of id, device name or locator, whatever its case', async (store) => {
    await recordWith(store, [
      [1, { deviceName: 'LAPTOP-7', deviceId: DEVICE_B }],
      [2, { deviceName: 'Étude', locator: { label: 'Backup disk' } }],
      [3, { deviceName: '100%_sure\\"', locator: { luksUuid: DEVICE_C, serial: 'S/N 42' } }],
      [4, { deviceName: 'İstanbul kiosk', locator: { recoveryId: '5C1A-FF' } }],
      [5, { deviceName: 'laptop-8' }],
      [6, { deviceName: 'bench', locator: { serial: '5af0'.repeat(8) } }],
    ]);
    const finds = async (text: string, ...seqs: number[]): Promise<void> =>
      assert.deepEqual(await listed(store, { text }), seqs, text);
    await finds('laptop', 1, 5);
    await finds('LapTop-7', 1);
    await finds('ÉTUDE', 2);
    await finds('étude', 2);
    await finds('BACKUP D', 2);
    await finds('%', 3);
    await finds('_SURE\\', 3);
    await finds('"', 3);
    await finds('F0CC-0000-', 3);
    await finds(DEVICE_C.slice(0, 13), 3);
    await finds(DEVICE_C.replaceAll('-', ''), 3);
    await finds(DEVICE_C.replaceAll('-', '').toUpperCase(), 3);
    await finds('5AF0'.repeat(8), 6);
    await finds('s/n', 3);
    await finds('stanbul KIOSK', 4);
    await finds('5c1a-f', 4);
    await finds(keyId(4), 4);
    await finds('-7000-8000-', 1, 2, 3, 4, 5, 6);
    await finds('', 1, 2, 3, 4, 5, 6);
    await finds('x'.repeat(300));
    // What is written in the fields but is none of these: the algorithm, names of fields, the device's id.
    await finds('aes-xts');
    await finds('deviceName');
    await finds(DEVICE_B);
    assert.deepEqual(await listed(store, { text: 'laptop', deviceId: DEVICE_B }), [1]);
    assert.deepEqual(await listed(store, { text: 'laptop', above: 1 }), [5]);
    assert.deepEqual(await listed(store, { text: 'laptop', limit: 1 }), [1]);
  });

  withStore('a text is found among thousands of keys, at the beginning and at the end', async (store) => {
    const names = new Map([
      [0, 'needle one'],
      [4500, 'needle two'],
      [9999, 'needle three'],
    ]);
    await store.write(async (transaction) => {
      for (let n = 0; n < 10_000; n += 1) {
        const deviceName = names.get(n) ?? (n % 2 === 0 ? 'hay' : 'straw');
        await transaction.appendKeys([keyAfter(await transaction.head(), n, { deviceName })]);
      }
    });
    assert.deepEqual(await listed(store, { text: 'NEEDLE' }), [1, 4501, 10_000]);
    assert.deepEqual(await listed(store, { text: 'needle', limit: 2 }), [1, 4501]);
    assert.deepEqual(await listed(store, { text: 'needle', above: 4501 }), [10_000]);
    assert.equal((await listed(store, { text: 'hay', limit: 20_000 })).length, 4998);
    assert.deepEqual(await listed(store, { text: 'needle', deviceId: DEVICE_A }), [1, 4501, 10_000]);
  });
}
