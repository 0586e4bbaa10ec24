/** Members are counted, listed and found by what the store keeps beside their rows, and believed by the rows alone. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Member, MemberKind } from '#domain/member.ts';
import { writeMember } from '#server/members/members.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { openServer } from '#test/support/server-in-process.ts';

const MADE = ['oslo-2', 'Bergen', 'Ålesund', 'oslo-1', 'Zürich'];
const SORTED = ['Ålesund', 'Bergen', 'oslo-1', 'oslo-2', 'Zürich'];

function member(name: string, kind: MemberKind = 'device', more: Partial<Member> = {}): Member {
  return {
    id: randomUUID(),
    kind,
    name,
    fingerprint: '0'.repeat(64),
    publicKey: '',
    dmz: false,
    state: 'managed',
    movedTo: null,
    joinedAt: '2026-01-01T00:00:00.000Z',
    removedAt: null,
    ...more,
  };
}

async function serverWith(names: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'keystair-members-'));
  atTheEnd(() => rmSync(directory, { recursive: true }));
  const server = await openServer('Oslo', { directory, heartbeats: false });
  const write = (...members: readonly Member[]): Promise<void> =>
    server.store.write(async (transaction) => {
      for (const one of members) await writeMember(server.repository.rows, transaction, one);
    });
  const devices = new Map(names.map((name) => [name, member(name)]));
  await write(...devices.values());
  return {
    server,
    write,
    device: (name: string) => devices.get(name)!,
    /** Somebody who may write to the database. */
    alter: (sql: string, ...values: readonly string[]): void => {
      const database = new DatabaseSync(join(directory, 'keystair.db'), { timeout: 5000 });
      assert.equal(Number(database.prepare(sql).run(...values).changes), 1);
      database.close();
    },
    listed: async (limit: number): Promise<string[]> => {
      const found: string[] = [];
      for (let behind: string | null | undefined; behind !== null; ) {
        const after = behind === undefined ? {} : { after: behind };
        const page: { next: string | null; devices: { name: string }[] } = await server.call('listDevices', {
          limit,
          ...after,
        });
        found.push(...page.devices.map(({ name }) => name));
        behind = page.next;
      }
      return found;
    },
    problems: async () => (await server.call('verify', {})).problems,
  };
}

test('devices are listed in order of name, whatever the size of a page, and counted', async () => {
  const { server, write, listed } = await serverWith(MADE);
  await write(
    member('Gone', 'device', { removedAt: '2026-02-01T00:00:00.000Z' }),
    member('Lyon', 'secondary'),
  );
  for (const limit of [1, 2, 5, 1000]) assert.deepEqual(await listed(limit), SORTED, `pages of ${limit}`);
  const { devices, secondaries } = await server.call('serverStatus', {});
  assert.deepEqual([devices, secondaries.map(({ name }) => name)], [5, ['Lyon']]);
});

test('a device that is renamed or removed is where it belongs at once', async () => {
  const { server, write, device, listed } = await serverWith(MADE);
  await write({ ...device('Bergen'), name: 'tromsø' });
  await server.call('removeDevice', { id: 'oslo-1' });
  assert.deepEqual(await listed(2), ['Ålesund', 'oslo-2', 'tromsø', 'Zürich']);
  await assert.rejects(server.call('removeDevice', { id: 'Bergen' }), { code: 'not-found' });
  assert.equal((await server.call('serverStatus', {})).devices, 4);
});

test('a device is found by its very name among those that sort alike', async () => {
  const { server, write, device } = await serverWith(['Laptop', 'laptop', 'LÄPTOP']);
  const removed = await server.call('removeDevice', { id: 'laptop' });
  assert.equal(removed.device.id, device('laptop').id);
  await write(member('Laptop'));
  await assert.rejects(server.call('removeDevice', { id: 'Laptop' }), { code: 'ambiguous-name' });
  await assert.rejects(server.call('removeDevice', { id: 'läptop' }), { code: 'not-found' });
});

test('a page that begins where no page ended is refused', async () => {
  const { server } = await serverWith([]);
  for (const after of [
    'x',
    Buffer.from('{}').toString('base64url'),
    Buffer.from('["a"]').toString('base64url'),
  ])
    await assert.rejects(server.call('listDevices', { after }), { code: 'invalid-argument' });
});

for (const [what, set] of [
  ['a removed device among those that are there', "place = 'removed device'"],
  ['a device among the secondaries', "place = 'secondary'"],
  ['a device under another name', "sort_name = 'nobody'"],
] as const) {
  test(`${what} is reported, is in no list, and may call as its row says`, async () => {
    const { server, device, alter, listed, problems } = await serverWith(MADE);
    const { id } = device('Bergen');
    assert.deepEqual(await problems(), []);
    alter(`UPDATE trusted_rows SET ${set} WHERE kind = 'member' AND id = ?`, id);
    assert.equal((await listed(2)).includes('Bergen'), false);
    assert.deepEqual(
      (await server.call('serverStatus', {})).secondaries.map(({ name }) => name),
      [],
    );
    assert.ok((await problems()).some((problem) => problem.sentence.includes(`"member ${id}"`)));
    await problems();
    assert.deepEqual(
      (await server.events('row-untrusted')).map((event) => event['id']),
      [id],
      'told once',
    );
    assert.equal((await server.member(id))?.name, 'Bergen');
  });
}

test('a member that is in no place is told by verify, and is back when its row is written', async () => {
  const { write, device, alter, listed, problems } = await serverWith(MADE);
  alter("UPDATE trusted_rows SET place = NULL WHERE kind = 'member' AND id = ?", device('Bergen').id);
  assert.equal((await listed(9)).includes('Bergen'), false);
  assert.equal((await problems()).length, 1);
  await write(device('Bergen'));
  assert.deepEqual(await problems(), []);
  assert.deepEqual(await listed(9), SORTED);
});
