/** What a restore from a backup brings back of people, and what it does not. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { readBackup } from '#server/backup/read-backup.ts';
import { restoreBackup } from '#server/backup/restore-backup.ts';
import { prepareBackup, sendBackup } from '#server/backup/write-backup.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import { ADMINISTRATOR } from '#test/support/administrator.ts';
import { addPerson, openOffice, PASSWORD } from '#test/support/people-office.ts';

const WORK_FACTOR = 4;
const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
const silent = { info: () => {}, warn: () => {}, error: () => {} };

async function* whole(blocks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* blocks;
}

test('a restore ends all sessions and voids open links, and the audit log says so; people and roles are there', async () => {
  const office = await openOffice();
  const person = await addPerson(office, 'Anna', 'Auditor');
  await office.server.call('addPerson', { name: 'Invited' });
  const { rows, audit, keyring } = office.server.repository;
  const ports = {
    store: office.server.store,
    clock: office.server.clock,
    random,
    rows,
    audit,
    keyring,
    server: office.server.name,
    workFactor: WORK_FACTOR,
  };
  const file: Uint8Array[] = [];
  const prepared = await prepareBackup(ports, 'some', { password: PASSWORD });
  await sendBackup(ports, ADMINISTRATOR, prepared, async ({ bytes }) => {
    for await (const block of bytes) file.push(block);
  });
  await person.browser.done('GET /me');

  const store = await openSqliteStore({
    path: ':memory:',
    onFatal: (error) => {
      throw error;
    },
  });
  const { clock } = office.server;
  await restoreBackup({ store, clock, random, log: silent }, readBackup(whole(file), PASSWORD), () =>
    random(32),
  );
  for (const kind of ['session', 'session-list', 'set-up'] as const)
    assert.deepEqual(await store.reader.rows(kind), [], kind);
  assert.equal((await store.reader.rows('person')).length, 2);
  assert.equal((await store.reader.rows('credential')).length, 1);
  const events = (await store.reader.auditAfter(0, 1000)).map(
    ({ event }) => JSON.parse(event) as Record<string, unknown>,
  );
  const restored = events.find(({ event }) => event === 'backup-restored');
  assert.deepEqual([restored?.['sessionsEnded'], restored?.['setUpLinksVoided']], [1, 1]);
  await store.close();
});
