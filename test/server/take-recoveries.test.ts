/**
 * Recovery passwords that people and scripts bring: recorded once however often they come, all of a call or none, found
 * with their device, and shown to nobody but by a reveal.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { keyFromWire, keyToWire } from '#protocol/wire-key.ts';
import { openStoredKey } from '#server/records/record-keys.ts';
import { writeMember } from '#server/members/members.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';
import { someDevice } from '#test/support/some-member.ts';

const ID = '2D1F3A4B-5C6D-7E8F-9A0B-1C2D3E4F5A6B';
const PASSWORD = '123453-000011-720885-444444-555555-065538-110000-000000';
const OTHER = PASSWORD.replace('000011', '000022');
const AT_PC = { kind: 'bitlocker', id: ID, device: 'PC-1', password: PASSWORD } as const;
let server: ServerInProcess;

before(async () => {
  server = await openServer('Oslo', { heartbeats: false });
});

async function take(...recoveries: Parameters<typeof give>[0]): Promise<(string | null)[]> {
  return (await give(recoveries)).recoveries.map(({ key }) => key);
}

function give(recoveries: Parameters<typeof server.call<'takeRecoveries'>>[1]['recoveries'], dryRun = false) {
  return server.call('takeRecoveries', { recoveries, dryRun });
}

async function stored(find: string) {
  const { keys } = await server.call('listKeys', { find });
  assert.equal(keys.length, 1);
  return keys[0]!;
}

test('one that is new is recorded and found by its id, and a reveal shows it', async () => {
  const [key] = await take(AT_PC);
  const { kind, algorithm, locator, device, origin, replaces } = await stored(ID.toLowerCase());
  assert.deepEqual(
    { kind, algorithm, locator, name: device.name, origin, replaces },
    {
      kind: 'recovery',
      algorithm: 'bitlocker',
      locator: { recoveryId: ID },
      name: 'PC-1',
      origin: server.name.id,
      replaces: null,
    },
  );
  const { material } = await server.call('revealKey', { id: key!, reason: 'a test' });
  assert.equal(material, PASSWORD);
  const [event] = await server.events('recoveries-taken');
  assert.deepEqual([event!['recorded'], event!['known'], event!['first']], [1, 0, key]);
});

test('the same again changes nothing, in whatever order old and new ones come', async () => {
  const [first, second] = await take(AT_PC, { ...AT_PC, password: OTHER });
  assert.equal((await stored(second!)).replaces, first);
  const before = await server.store.reader.head();
  const events = (await server.events('recoveries-taken')).length;
  assert.deepEqual(await take(AT_PC, { ...AT_PC, password: OTHER.replaceAll('-', ' ') }, AT_PC), [
    first,
    second,
    first,
  ]);
  assert.deepEqual(await server.store.reader.head(), before);
  assert.equal((await server.events('recoveries-taken')).length, events);
});

test('a dry run tells new from known, and records nothing', async () => {
  const before = await server.store.reader.head();
  const { recoveries, dryRun } = await give([AT_PC, { ...AT_PC, device: 'PC-2' }], true);
  assert.equal(dryRun, true);
  assert.deepEqual(
    recoveries.map(({ outcome, key }) => [outcome, key === null]),
    [
      ['known', false],
      ['new', true],
    ],
  );
  assert.deepEqual(await server.store.reader.head(), before);
});

test('one bad entry refuses the whole call, by its number, and no password is quoted', async () => {
  const before = await server.store.reader.head();
  const slip = { ...AT_PC, device: 'PC-4', password: PASSWORD.replace('444444', '444445') };
  await assert.rejects(give([{ ...AT_PC, device: 'PC-3' }, slip]), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'invalid-argument');
    assert.match(error.message, /entry 2, of PC-4: group 4 /);
    assert.ok(!error.message.includes('444445'));
    return true;
  });
  assert.deepEqual(await server.store.reader.head(), before);
});

test('it belongs to the managed device of that name, also if the device was enrolled later', async () => {
  const before = {
    kind: 'filevault',
    serial: 'C02X',
    device: 'Mac 7',
    password: 'ABCD-EFGH-IJKL-MNOP-QRST-UVWX',
  } as const;
  const [first] = await take(before);
  assert.deepEqual((await stored(first!)).locator, { recoveryId: 'C02X', serial: 'C02X' });
  const mac = someDevice('Mac 7');
  await server.store.write((transaction) => writeMember(server.repository.rows, transaction, mac));
  assert.deepEqual(await take(before), [first]);
  const [second] = await take({ ...before, password: before.password.replace('ABCD', '1234') });
  const { device, replaces } = await stored(second!);
  assert.deepEqual([device.id, replaces], [mac.id, first]);
});

test('another server takes the record, whose id is made from its content, as from any device', async () => {
  const nas = { kind: 'other', device: 'NAS', password: 'Blå 7' } as const;
  const [key, again] = await take(nas, nas);
  assert.equal(again, key, 'twice in one call is once');
  const row = (await server.store.reader.keyById(key!))!;
  const complete = openStoredKey(server.repository.barrier, row);
  assert.equal(keyFromWire(keyToWire(complete)).complete.key.id, key);
  assert.deepEqual(complete.key.locator, { recoveryId: 'NAS' });
});
