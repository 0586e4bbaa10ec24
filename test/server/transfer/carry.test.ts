/** Keys carried by hand from one server to another: what arrives, what is asked, what is written down. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { openExport } from '#crypto/export-envelope/open-export.ts';
import type { CompleteKey } from '#domain/encryption-key.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { TRANSFER_PAGE_KEYS } from '#domain/limits.ts';
import { openStoredKey } from '#server/records/record-keys.ts';
import { ADMINISTRATOR, administratorNamed } from '#test/support/administrator.ts';
import { makeSomeKey } from '#test/support/machine-caller.ts';
import { exportWhole } from '#test/support/transfer-calls.ts';
import { inPieces, type Office, openOffice, PASSWORD } from '#test/support/transfer-office.ts';

const DEVICE_A = randomUUID();
const DEVICE_B = randomUUID();
let oslo: Office;
let keys: CompleteKey[];

function made(n: number, device: string, createdAt: string): CompleteKey {
  return makeSomeKey({ device: { id: device, name: `device "${n}" é 東京 \\` }, createdAt });
}

before(async () => {
  oslo = await openOffice('Oslo');
  keys = [
    made(1, DEVICE_A, '2025-01-01T00:00:00.000Z'),
    made(2, DEVICE_A, '2026-01-01T00:00:00.000Z'),
    made(3, DEVICE_B, '2025-06-01T00:00:00.000Z'),
    made(4, DEVICE_B, '2026-06-01T00:00:00.000Z'),
    made(5, randomUUID(), '2026-07-01T00:00:00.000Z'),
  ];
  await oslo.record(keys);
});

function idsOf(...places: number[]): string[] {
  return places.map((n) => keys[n - 1]!.key.id).toSorted();
}

async function linesOf(file: Uint8Array): Promise<Record<string, unknown>[]> {
  const blocks: Uint8Array[] = [];
  const password = KeyMaterial.fromText(PASSWORD);
  for await (const block of openExport(inPieces(file), { password, identities: async () => [] })) {
    blocks.push(block);
  }
  const text = Buffer.concat(blocks).toString('utf8');
  assert.ok(text.endsWith('\n'));
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function exportedIds(request: Parameters<Office['exported']>[0]): Promise<string[]> {
  const [, ...rest] = await linesOf(await oslo.exported(request));
  return rest.slice(0, -1).map((line) => (line['key'] as { id: string }).id);
}

test('everything that was exported is there after the import, to the last byte', async () => {
  const lyon = await openOffice('Lyon');
  const report = await lyon.imported(await oslo.exported());
  assert.deepEqual(report, { new: 5, known: 0, conflicts: [], dryRun: false });
  for (const { key, material, blind } of keys) {
    const row = await lyon.store.reader.keyById(key.id);
    const opened = openStoredKey(lyon.ports.barrier, row!);
    assert.deepEqual(opened.key, key);
    assert.deepEqual(Buffer.from(opened.material.expose()), Buffer.from(material.expose()));
    assert.deepEqual(Buffer.from(opened.blind), Buffer.from(blind));
    assert.match(row!.receivedFrom, /^import:[0-9a-f-]{36}$/);
  }
  assert.deepEqual(await lyon.store.reader.stagedImports(), []);
  assert.deepEqual(await lyon.store.reader.rows('import'), []);
});

test('importing twice changes nothing the second time', async () => {
  const lyon = await openOffice('Lyon');
  const file = await oslo.exported();
  await lyon.imported(file);
  const head = await lyon.store.reader.head();
  const again = await lyon.imported(file);
  assert.deepEqual(again, { new: 0, known: 5, conflicts: [], dryRun: false });
  assert.deepEqual(await lyon.store.reader.head(), head);
});

test('a dry run says what would be, and leaves no key and nothing staged', async () => {
  const lyon = await openOffice('Lyon');
  await lyon.record(keys.slice(0, 2));
  const report = await lyon.imported(await oslo.exported(), { dryRun: true });
  assert.deepEqual(report, { new: 3, known: 2, conflicts: [], dryRun: true });
  assert.deepEqual(await lyon.ids(), idsOf(1, 2));
  assert.deepEqual(await lyon.store.reader.stagedImports(), []);
  assert.equal((await lyon.events('import-ended'))[0]!['outcome'], 'cancelled');
});

test('a key that is here with other content stays, is named, and keeps no other key out', async () => {
  const lyon = await openOffice('Lyon');
  await lyon.record(keys.slice(0, 1));
  const taken = keys[1]!.key.id;
  // Nobody can make two contents for one id; so the row is put there by hand.
  await lyon.store.write(async (transaction) => {
    const row = (await transaction.keysAfter(0, 1))[0]!;
    await transaction.appendKeys([{ ...row, seq: 2, id: taken, digest: new Uint8Array(32).fill(1) }]);
  });
  const file = await oslo.exported();
  const dry = await lyon.imported(file, { dryRun: true });
  const report = await lyon.imported(file);
  assert.deepEqual(report, { new: 3, known: 1, conflicts: [{ id: taken }], dryRun: false });
  assert.deepEqual(dry, { ...report, dryRun: true });
  assert.deepEqual((await lyon.store.reader.keyById(taken))!.digest, new Uint8Array(32).fill(1));
});

test('devices and keys add up, and a time narrows what they chose', async () => {
  assert.deepEqual((await exportedIds({})).toSorted(), idsOf(1, 2, 3, 4, 5));
  assert.deepEqual((await exportedIds({ devices: [DEVICE_A] })).toSorted(), idsOf(1, 2));
  assert.deepEqual((await exportedIds({ devices: [DEVICE_A, DEVICE_B, DEVICE_A] })).length, 4);
  const key = keys[4]!.key.id;
  assert.deepEqual((await exportedIds({ devices: [DEVICE_A], keys: [key] })).toSorted(), idsOf(1, 2, 5));
  // A key that its device chose already is there once.
  assert.deepEqual((await exportedIds({ devices: [DEVICE_A], keys: idsOf(1) })).toSorted(), idsOf(1, 2));
  const createdAfter = '2026-01-01T00:00:00Z';
  assert.deepEqual((await exportedIds({ createdAfter })).toSorted(), idsOf(4, 5));
  const both = { devices: [DEVICE_B], keys: idsOf(1, 5), createdAfter };
  assert.deepEqual((await exportedIds(both)).toSorted(), idsOf(4, 5));
  assert.deepEqual(await exportedIds({ createdAfter: '2030-01-01T00:00:00Z' }), []);
});

test('a search exports every key that it finds, also those of many pages, and a time narrows it', async () => {
  const found = { find: 'DEVICE "4" é 東京 \\' };
  assert.deepEqual(await exportedIds(found), idsOf(4));
  assert.deepEqual(await exportedIds({ find: keys[2]!.key.id.slice(0, 30) }), idsOf(3));
  assert.deepEqual((await exportedIds({ find: 'device' })).toSorted(), idsOf(1, 2, 3, 4, 5));
  const narrowed = { find: 'device', createdAfter: '2026-01-01T00:00:00Z' };
  assert.deepEqual((await exportedIds(narrowed)).toSorted(), idsOf(4, 5));
  assert.deepEqual(await exportedIds({ find: 'no key is called like this' }), []);

  const bergen = await openOffice('Bergen');
  const createdAt = '2026-08-01T00:00:00.000Z';
  const many = Array.from({ length: 2 * TRANSFER_PAGE_KEYS + 1 }, (_, n) =>
    makeSomeKey({ device: { id: DEVICE_A, name: n % 2 === 0 ? 'even' : 'odd' }, createdAt }),
  );
  await bergen.record(many);
  const [header, ...rest] = await linesOf(await bergen.exported({ find: 'EVEN' }));
  assert.deepEqual(header!['selection'], { find: 'EVEN' });
  assert.equal((rest.at(-1)!['end'] as { count: number }).count, TRANSFER_PAGE_KEYS + 1);
  const [{ selection, keys: counted } = {}] = await bergen.events('export-started');
  assert.deepEqual([selection, counted], [{ find: 'EVEN' }, TRANSFER_PAGE_KEYS + 1]);
});

test('a key or device that is not here is refused before anything is written', async () => {
  await assert.rejects(oslo.exported({ keys: [randomUUID()] }), { code: 'not-found' });
  await assert.rejects(oslo.exported({ devices: ['no such device'] }), { code: 'not-found' });
});

test('an empty repository exports to a whole file, which imports as nothing', async () => {
  const empty = await openOffice('Empty');
  const file = await empty.exported();
  const [header, trailer, ...more] = await linesOf(file);
  assert.equal(header!['format'], 'keystair-export');
  assert.equal((trailer!['end'] as { count: number }).count, 0);
  assert.deepEqual(more, []);
  assert.deepEqual(await oslo.imported(file), { new: 0, known: 0, conflicts: [], dryRun: false });
});

test('keys recorded while an export runs are not in it, and the count holds', async () => {
  const bergen = await openOffice('Bergen');
  await bergen.record(keys.slice(0, 4));
  const blocks: Uint8Array[] = [];
  await exportWhole(
    bergen.transfers,
    ADMINISTRATOR,
    { password: PASSWORD },
    async ({ keys: announced, bytes }) => {
      assert.equal(announced, 4);
      await bergen.record(keys.slice(4));
      for await (const block of bytes) blocks.push(block);
    },
  );
  assert.equal((await linesOf(Buffer.concat(blocks))).length, 6);
});

test('before the first byte the log holds who, which and how many; at the end, how it went', async () => {
  const lyon = await openOffice('Lyon');
  await lyon.record(keys);
  let seen: Record<string, unknown>[] = [];
  await exportWhole(
    lyon.transfers,
    administratorNamed('kari'),
    { password: PASSWORD, devices: [DEVICE_A] },
    async ({ bytes }) => {
      seen = await lyon.events('export-started');
      for await (const _ of bytes);
    },
  );
  const { by, selection, keys: counted, sealedTo, export: id } = seen[0]!;
  assert.deepEqual([by, selection, counted, sealedTo], ['kari', { devices: [DEVICE_A] }, 2, 'password']);
  const [ended] = await lyon.events('export-ended');
  assert.deepEqual([ended!['export'], ended!['outcome'], ended!['keys']], [id, 'completed', 2]);
});

test('an export whose reader goes is written down as broken off', async () => {
  const lyon = await openOffice('Lyon');
  await lyon.record(keys);
  const gone = exportWhole(
    lyon.transfers,
    administratorNamed('kari'),
    { password: PASSWORD },
    async ({ bytes }) => {
      await bytes.next();
      throw new Error('the reader went');
    },
  );
  await assert.rejects(gone, /the reader went/);
  assert.equal((await lyon.events('export-ended'))[0]!['outcome'], 'broken-off');
});

test('a record that does not open breaks the export off and is named', async () => {
  const lyon = await openOffice('Lyon');
  await lyon.record(keys.slice(0, 1));
  await lyon.store.write(async (transaction) => {
    const row = (await transaction.keysAfter(0, 1))[0]!;
    await transaction.appendKeys([{ ...row, seq: 2, id: keys[1]!.key.id }]);
  });
  await assert.rejects(lyon.exported(), { code: 'record-unreadable', message: new RegExp(keys[1]!.key.id) });
  assert.equal((await lyon.events('export-ended'))[0]!['outcome'], 'broken-off');
});

test('a weak password is refused by the server too', async () => {
  for (const password of [
    'short',
    'elevenchars',
    'password1234',
    'aaaaaaaaaaaaaaaaaaaa',
    'qwertyuiop123456',
  ]) {
    await assert.rejects(oslo.exported({ password }), { code: 'password-weak' }, password);
  }
});

test('a file sealed to a server opens there without a password, by either identity, and nowhere else', async () => {
  const lyon = await openOffice('Lyon');
  const identities = await lyon.ports.identities.all();
  assert.match(identities[0]!.recipient, /^age1pq1/);
  assert.match(identities[1]!.recipient, /^age1(?!pq1)/);
  for (const { recipient } of identities) {
    const file = await oslo.exported({ recipient });
    const report = await lyon.imported(file, { password: undefined, dryRun: true });
    assert.equal(report.new, 5);
    await assert.rejects(oslo.imported(file, { password: undefined }), { code: 'export-unreadable' });
    await assert.rejects(oslo.imported(file), { code: 'export-unreadable' });
  }
  await assert.rejects(oslo.exported({ recipient: 'age1nonsense' }), { code: 'invalid-argument' });
});

test("the server's identities stay the same, and are not in the database in the clear", async () => {
  const lyon = await openOffice('Lyon');
  const [first] = await lyon.ports.identities.all();
  const { ServerIdentities } = await import('#server/transfer/server-identities.ts');
  const [again] = await new ServerIdentities(lyon.ports.rows, lyon.store).all();
  assert.equal(again!.recipient, first!.recipient);
  const bodies = (await lyon.store.reader.rows('secret')).map(({ body }) =>
    Buffer.from(body, 'base64').toString('latin1'),
  );
  assert.ok(bodies.every((body) => !body.includes('AGE-SECRET-KEY')));
});

test('imported keys are told to whoever carries keys upward', async () => {
  const lyon = await openOffice('Lyon');
  let raised = 0;
  lyon.ports.keysRecorded.listen(() => (raised += 1));
  await lyon.imported(await oslo.exported());
  assert.ok(raised > 0);
});
