/** The contract's third part: rows beside the keys. */
import assert from 'node:assert/strict';
import { MEMBER_PLACES } from '#domain/member.ts';
import type { Cursor, NamePosition, TrustedRow } from '#store/rows.ts';
import type { WithStore } from './store-contract.ts';
import { NO_LINE, auditAfterHead, DEVICE_A, DEVICE_B, plain, ZEROS } from './stored-rows.ts';

const MAC = new Uint8Array(32).fill(7);
const EPOCH_1 = '1'.repeat(32);
const EPOCH_2 = '2'.repeat(32);

function cursor(epoch: string, rank: number, seq: number): Cursor {
  return { memberId: 'member', epoch, rank, seq, chain: new Uint8Array(32).fill(seq) };
}

export function contractOfRows(withStore: WithStore): void {
  withStore('a trusted row is kept, replaced and deleted by kind and id', async (store) => {
    const row: TrustedRow = { kind: 'member', id: 'one', body: '{"name":"Lyon"}', mac: MAC };
    const other: TrustedRow = { ...row, kind: 'setting' };
    await store.write(async (transaction) => {
      await transaction.putRow(row);
      await transaction.putRow(other);
      await transaction.putRow({ ...row, id: 'two' });
    });
    await store.write((transaction) => transaction.putRow({ ...row, body: '{}' }));
    assert.deepEqual(plain(await store.reader.row('member', 'one')), plain({ ...row, body: '{}' }));
    assert.deepEqual(plain(await store.reader.row('setting', 'one')), plain(other));
    assert.equal(await store.reader.row('secret', 'one'), undefined);
    assert.deepEqual(
      (await store.reader.rows('member')).map(({ id }) => id),
      ['one', 'two'],
    );
    const idsAfter = async (afterId: string, limit: number): Promise<string[]> =>
      (await store.reader.rowsAfter('member', afterId, limit)).map(({ id }) => id);
    assert.deepEqual(await idsAfter('', 1), ['one']);
    assert.deepEqual(await idsAfter('one', 9), ['two']);
    assert.deepEqual(await idsAfter('two', 9), []);
    await store.write((transaction) => transaction.deleteRow('member', 'one'));
    await store.write((transaction) => transaction.deleteRow('member', 'never there'));
    assert.equal(await store.reader.row('member', 'one'), undefined);
    assert.deepEqual(plain(await store.reader.row('setting', 'one')), plain(other));
  });

  withStore('members are found and counted by place and name, as their newest bodies say', async (store) => {
    const member = (
      id: string,
      name: string,
      kind = 'device',
      removedAt: string | null = null,
    ): TrustedRow => ({
      kind: 'member',
      id,
      body: JSON.stringify({ id, kind, name, removedAt }),
      mac: MAC,
    });
    await store.write(async (transaction) => {
      for (const row of [
        member('5', 'oslo'),
        member('4', 'Zürich'),
        member('3', 'Oslo'),
        member('2', 'bergen'),
        member('1', 'Lyon', 'secondary'),
        member('0', 'Aarhus', 'device', '2026-01-01T00:00:00.000Z'),
        // Whatever it says, it is no member, or none that has a name.
        { ...member('9', 'Aarhus'), kind: 'setting' },
        { ...member('8', ''), body: '{}' },
        { ...member('7', ''), body: 'no JSON' },
        { ...member('6', ''), body: 'null' },
      ] satisfies TrustedRow[]) {
        await transaction.putRow(row);
      }
      assert.equal(await transaction.countMembers('device'), 4, 'its own writes are counted');
    });
    const page = async (after: NamePosition | undefined, limit: number) =>
      (await store.reader.membersByName('device', after, limit)).map(({ id }) => id);
    assert.deepEqual(await page(undefined, 9), ['2', '3', '5', '4']);
    const [, second] = await store.reader.membersByName('device', undefined, 2);
    assert.deepEqual(
      plain(second),
      plain({ ...member('3', 'Oslo'), place: 'device', sortName: 'oslo', state: 'managed', group: 'root' }),
    );
    assert.deepEqual(await page(second, 1), ['5']);
    assert.deepEqual(await page({ sortName: 'oslo', id: '' }, 9), ['3', '5', '4']);
    const counts = async () =>
      Promise.all(MEMBER_PLACES.map(async (place) => store.reader.countMembers(place)));
    assert.deepEqual(await counts(), [4, 1, 1, 0]);
    await store.write(async (transaction) => {
      await transaction.putRow(member('2', 'Tromsø'));
      await transaction.putRow(member('1', 'Lyon', 'secondary', '2026-01-01T00:00:00.000Z'));
      await transaction.deleteRow('member', '3');
    });
    assert.deepEqual(await page(undefined, 9), ['5', '2', '4']);
    assert.deepEqual(await counts(), [3, 0, 1, 1]);
  });

  withStore('a cursor is kept for each epoch of a member', async (store) => {
    await store.write(async (transaction) => {
      await transaction.putCursor(cursor(EPOCH_2, 1, 40));
      await transaction.putCursor(cursor(EPOCH_1, 2, 3));
      await transaction.putCursor({ ...cursor(EPOCH_1, 1, 9), memberId: 'other' });
      await transaction.putCursor(cursor(EPOCH_1, 2, 5));
    });
    assert.deepEqual(plain(await store.reader.cursor('member', EPOCH_1)), plain(cursor(EPOCH_1, 2, 5)));
    assert.equal(await store.reader.cursor('nobody', EPOCH_1), undefined);
    assert.deepEqual(
      plain(await store.reader.cursors('member')),
      plain([cursor(EPOCH_2, 1, 40), cursor(EPOCH_1, 2, 5)]),
    );
    await store.write((transaction) => transaction.deleteCursor('member', EPOCH_2));
    assert.equal((await store.reader.cursors('member')).length, 1);
    assert.equal((await store.reader.cursors('other')).length, 1);
  });

  withStore('keys and the cursor that covers them are there together or not at all', async (store) => {
    const failing = store.write(async (transaction) => {
      await transaction.putCursor(cursor(EPOCH_1, 1, 1));
      await transaction.putRefusedKeys([
        { memberId: 'member', epoch: EPOCH_1, seq: 1, keyId: 'any text', reason: 'record-invalid', at: 1 },
      ]);
      throw new Error('link closed');
    });
    await assert.rejects(failing, /link closed/);
    assert.equal(await store.reader.cursor('member', EPOCH_1), undefined);
    assert.deepEqual(await store.reader.refusedKeys('member', 10), []);
  });

  withStore('refused records are told newest first, once each, and forgotten by member', async (store) => {
    const refused = (memberId: string, seq: number, at: number) => {
      return { memberId, epoch: EPOCH_1, seq, keyId: `key ${seq}`, reason: `reason ${at}`, at };
    };
    await store.write(async (transaction) => {
      await transaction.putRefusedKeys([refused('', 1, 100), refused('', 2, 300), refused('', 3, 200)]);
      await transaction.putRefusedKeys([refused('member', 1, 100)]);
    });
    // The same record refused again: its reason is the newer one.
    await store.write((transaction) => transaction.putRefusedKeys([refused('', 1, 400)]));
    assert.deepEqual(await store.reader.refusedKeys('', 10), [
      refused('', 1, 400),
      refused('', 2, 300),
      refused('', 3, 200),
    ]);
    assert.deepEqual(await store.reader.refusedKeys('', 1), [refused('', 1, 400)]);
    assert.equal(await store.reader.refusalOf('', 1), refused('', 1, 400).reason);
    assert.equal(await store.reader.refusalOf('', 99), undefined);
    await store.write((transaction) => transaction.clearRefusedKeys(''));
    assert.deepEqual(await store.reader.refusedKeys('', 10), []);
    assert.equal((await store.reader.refusedKeys('member', 10)).length, 1);
  });

  withStore('a contact is what was last heard of it', async (store) => {
    await store.write(async (transaction) => {
      await transaction.putContact({ id: 'b', lastHeartbeatAt: null, body: '{}' });
      await transaction.putContact({ id: 'a', lastHeartbeatAt: 5, body: '{"keys":1}' });
      await transaction.putContact({ id: 'b', lastHeartbeatAt: 1_735_689_600_123, body: '{"keys":2}' });
    });
    const b = { id: 'b', lastHeartbeatAt: 1_735_689_600_123, body: '{"keys":2}' };
    assert.deepEqual({ ...(await store.reader.contact('b')) }, b);
    assert.equal(await store.reader.contact('c'), undefined);
    assert.deepEqual(
      { ...(await store.reader.contact('a')) },
      { id: 'a', lastHeartbeatAt: 5, body: '{"keys":1}' },
    );
  });

  withStore('receipts are noted for each device, and noting one again changes nothing', async (store) => {
    assert.deepEqual(plain(await store.reader.receiptTotals(DEVICE_A)), plain({ count: 0, digest: ZEROS }));
    const totals = { count: 3, digest: MAC };
    await store.write(async (transaction) => {
      await transaction.addReceipts(DEVICE_A, [1, 5], { count: 2, digest: ZEROS });
      await transaction.addReceipts(DEVICE_A, [5, 9], totals);
      await transaction.addReceipts(DEVICE_B, [7], { count: 1, digest: ZEROS });
    });
    assert.deepEqual(plain(await store.reader.receiptTotals(DEVICE_A)), plain(totals));
    assert.deepEqual(await store.reader.hasReceipts(DEVICE_A, [9, 2, 1, 7, 9]), new Set([9, 1]));
    assert.deepEqual(await store.reader.hasReceipts(DEVICE_B, [1, 7]), new Set([7]));
    assert.deepEqual(await store.reader.hasReceipts(DEVICE_B, []), new Set());
    assert.deepEqual(await store.reader.hasReceipts('no id', [1]), new Set());
    const notes = [
      { seq: 1, deviceId: DEVICE_A },
      { seq: 5, deviceId: DEVICE_A },
      { seq: 7, deviceId: DEVICE_B },
      { seq: 9, deviceId: DEVICE_A },
    ];
    assert.deepEqual(await store.reader.notedReceipts(undefined, 9), notes);
    assert.deepEqual(await store.reader.notedReceipts(notes[1], 2), notes.slice(2));
    assert.deepEqual(await store.reader.notedReceipts(notes[3], 2), []);
    await store.write((transaction) => transaction.addReceipts(DEVICE_B, [5], { count: 2, digest: ZEROS }));
    assert.deepEqual(await store.reader.notedReceipts(notes[1], 1), [{ seq: 5, deviceId: DEVICE_B }]);
  });

  withStore('audit events keep their bytes, order, chain and MAC', async (store) => {
    const events = ['{"event":"a"}', '{"text":"é\\u0000 東"}', ''];
    await store.write(async (transaction) => {
      const rows = auditAfterHead(await transaction.auditHead(), events);
      await transaction.appendAudit(rows);
      assert.deepEqual(plain(await transaction.auditAfter(0, 10)), plain(rows));
    });
    const rows = auditAfterHead(NO_LINE, events);
    const { event: _, ...head } = rows[2]!;
    assert.deepEqual(plain(await store.reader.auditHead()), plain(head));
    assert.deepEqual(plain(await store.reader.auditAfter(1, 1)), plain([rows[1]]));
    assert.deepEqual(await store.reader.auditAfter(3, 10), []);
  });

  withStore('a tile of the tree is kept by level and place, and the newest stays', async (store) => {
    const tile = (level: number, index: number, hashes: Uint8Array) =>
      store.write((transaction) => transaction.putAuditTile({ level, index, hashes }));
    await tile(1, 0, ZEROS);
    await tile(1, 2 ** 40, new Uint8Array(64));
    await tile(1, 0, new Uint8Array(96));
    assert.equal(await store.reader.auditTile(0, 0), undefined);
    assert.equal((await store.reader.auditTile(1, 0))?.length, 96);
    assert.equal((await store.reader.auditTile(1, 2 ** 40))?.length, 64);
  });

  withStore(
    'audit events that may use the reserve are like any others where there is space',
    async (store) => {
      const answer = await store.write(
        async (transaction) => {
          await transaction.appendAudit(auditAfterHead(await transaction.auditHead(), ['{}']));
          return 'kept';
        },
        { reserve: true },
      );
      assert.equal(answer, 'kept');
      assert.equal((await store.reader.auditHead()).seq, 1);
      assert.ok(((await store.freeBytes()) ?? 1) > 0);
    },
  );
}
