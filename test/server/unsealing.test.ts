/** The turn of whoever wants to unseal: one at a time, a few guesses, and a wait that ends by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNSEAL_FAILURES_MAX, UNSEAL_WINDOW_MS } from '#domain/limits.ts';
import type { Log } from '#server/environment/environment.ts';
import { readDataKeys, readSeals } from '#server/seals/seal-rows.ts';
import { Seals } from '#server/seals/seals.ts';
import { Unsealing } from '#server/seals/unsealing.ts';
import { createRepository } from '#server/start/create-repository.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { ADMINISTRATOR } from '#test/support/administrator.ts';
import { NO_SEAL_PLACES } from '#test/support/no-seal-places.ts';
import { random } from '#test/support/transfer-office.ts';

const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };
const RIGHT = { passphrase: 'lantern quiver mossy eleven trombone' };
const WRONG = { passphrase: 'lantern quiver mossy eleven trombones' };

async function sealedServer() {
  const store = await openSqliteStore({
    path: ':memory:',
    onFatal: (error) => {
      throw error;
    },
  });
  const time = { now: 1_750_000_000_000 };
  const clock = (): number => time.now;
  const ports = { store, clock, random, log: silent };
  const repository = await createRepository(ports, random(32), 'Oslo');
  const seals = new Seals({ ...ports, ...repository, ...NO_SEAL_PLACES });
  await seals.add(ADMINISTRATOR, { kind: 'passphrase', ...RIGHT });
  const rows = await readSeals(store.reader);
  const dataKeys = await readDataKeys(store.reader);
  return {
    time,
    unsealing: new Unsealing({
      read: async () => ({ ...rows, dataKeys }),
      ...NO_SEAL_PLACES,
      clock,
      log: silent,
    }),
  };
}

test('the wait ends with the minute, whatever the clock does, and the right passphrase opens then', async () => {
  for (const passes of [UNSEAL_WINDOW_MS, -UNSEAL_WINDOW_MS]) {
    const { time, unsealing } = await sealedServer();
    for (let times = 0; times < UNSEAL_FAILURES_MAX; times += 1)
      await assert.rejects(unsealing.unseal(WRONG), { code: 'root-key-wrong' });
    await assert.rejects(unsealing.unseal(RIGHT), { code: 'later', nextStep: 'try again in 60 s' });
    time.now += passes;
    assert.equal((await unsealing.unseal(RIGHT)).seal.kind, 'passphrase');
    assert.equal(unsealing.refused, UNSEAL_FAILURES_MAX, 'who waits has not tried');
  }
});

test('one tries at a time: whoever comes meanwhile is told so, and it is no wrong try', async () => {
  const { unsealing } = await sealedServer();
  const first = unsealing.unseal(RIGHT);
  await assert.rejects(unsealing.unseal(RIGHT), { code: 'later', message: REFUSED.later.somebodyElse });
  assert.equal((await first).seal.kind, 'passphrase');
  assert.equal(unsealing.refused, 0);
});
