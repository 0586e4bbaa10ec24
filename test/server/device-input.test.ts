/** What a server takes from a device, what it refuses, and how removal and receipts hold at the next request. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { claimToText } from '#domain/claim.ts';
import { addToTotals, NO_RECEIPTS } from '#domain/receipt.ts';
import { keyToWire } from '#protocol/wire-key.ts';
import {
  type Answered,
  joinAs,
  type MachineCaller,
  type MadeKey,
  type MadeMember,
  makeSomeKey,
} from '#test/support/machine-caller.ts';
import { hex } from '#test/support/played-secondary.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

let server: ServerInProcess;
let device: MadeMember;

before(async () => {
  server = await openServer('Oslo');
  device = await newDevice();
});

async function newDevice(name = 'laptop'): Promise<MadeMember> {
  return joinAs((await server.call('inviteDevice', {})).invitation, { name });
}

/** A key that this device may hand over. */
function ownKey(member: MadeMember = device): MadeKey {
  return makeSomeKey({ device: { id: member.id, name: 'laptop' }, origin: server.name.id });
}

function record(caller: MachineCaller, complete: unknown): Promise<Answered> {
  return caller.to('record', JSON.stringify({ complete }));
}

/** What stands in the audit log of the calls it was refused. */
async function refusalsOf(member: MadeMember): Promise<string[]> {
  return (await server.events('call-refused'))
    .filter(({ caller }) => caller === `device:${member.id}`)
    .map(({ route, code }) => `${String(route)} ${String(code)}`);
}

test('the acknowledgement of a key comes with a receipt that the device cannot read', async () => {
  const key = ownKey();
  const answer = await device.calls.call('record', { complete: keyToWire(key) });
  assert.deepEqual([answer.id, answer.server], [key.key.id, server.name]);
  const receipt = Buffer.from(answer.receipt, 'base64');
  assert.ok(!receipt.includes(Buffer.from(key.material.expose())));
  assert.ok(!receipt.includes(key.key.id));
  assert.ok(await server.has(key.key.id));
  const again = await device.calls.call('record', { complete: keyToWire(key) });
  assert.equal(again.id, key.key.id, 'a lost answer may be asked for again');
  assert.equal((await server.call('listKeys', { find: key.key.id })).keys.length, 1);
});

test('a key that names another device, or another origin, is not taken', async () => {
  const others = [
    makeSomeKey({ device: { id: randomUUID(), name: 'another' }, origin: server.name.id }),
    makeSomeKey({ device: { id: device.id, name: 'laptop' }, origin: randomUUID() }),
  ];
  for (const key of others) {
    const answered = await record(device, keyToWire(key));
    assert.deepEqual([answered.status, answered.code], [422, 'record-invalid']);
    assert.equal(await server.has(key.key.id), false);
  }
});

test('a key whose content does not fit its id, or is over a limit, or malformed, is not taken', async () => {
  const key = ownKey();
  const wire = keyToWire(key);
  const wrong: unknown[] = [
    { ...wire, material: Buffer.from('another').toString('base64') },
    { ...wire, key: { ...wire.key, locator: { label: 'another' } } },
    { ...wire, material: randomBytes(4097).toString('base64') },
    { ...wire, material: '' },
    { ...wire, material: 'not base64!' },
    { ...wire, material: `${wire.material}\n` },
    { ...wire, blind: '' },
    { ...wire, key: { ...wire.key, device: null } },
    { ...wire, key: { ...wire.key, device: { id: device.id, name: 'x'.repeat(256) } } },
    { ...wire, key: { ...wire.key, locator: { label: '\ud800' } } },
    { ...wire, key: { ...wire.key, createdAt: 'yesterday' } },
    { ...wire, key: { ...wire.key, id: wire.key.id.toUpperCase() } },
    { key: wire.key },
    { ...wire, key: [] },
  ];
  for (const complete of wrong) {
    const answered = await record(device, complete);
    assert.match(String(answered.code), /^(record|request)-invalid$/, JSON.stringify(complete).slice(0, 200));
    assert.ok(!JSON.stringify(answered.document).includes(wire.material), 'no material in a refusal');
  }
  assert.equal(await server.has(key.key.id), false);
});

test('what a device is refused for stands in the audit log, by its name and by the call', async () => {
  const odd = await newDevice('odd');
  const foreign = ownKey(device);
  assert.equal((await record(odd, keyToWire(foreign))).code, 'record-invalid');
  await server.record(foreign);
  const asked = {
    id: foreign.key.id,
    claim: claimToText(foreign.claim),
    stanzas: [{ args: ['X25519', 'x'], body: '' }],
  };
  assert.equal((await odd.to('unwrap', JSON.stringify(asked))).code, 'request-invalid');
  assert.deepEqual(await refusalsOf(odd), ['record record-invalid', 'unwrap request-invalid']);
});

test('a request over the limit of its route is cut off', async () => {
  const answered = await record(device, { ...keyToWire(ownKey()), more: 'x'.repeat(300_000) });
  assert.deepEqual([answered.status, answered.code], [413, 'request-too-large']);
});

test('a device and a secondary have no use of one another’s calls', async () => {
  const secondary = await joinAs((await server.call('inviteSecondary', {})).invitation);
  const key = keyToWire(ownKey());
  assert.equal((await record(secondary, key)).code, 'not-a-member');
  const lookup = { id: key.key.id, claim: claimToText(randomBytes(16)), asked: [], remainingMs: 1000 };
  assert.equal((await device.to('lookup', JSON.stringify(lookup))).code, 'not-a-member');
  assert.equal((await device.to('transmit', '')).code, 'not-a-member');
  assert.equal((await secondary.to('unwrap', '{}')).code, 'not-a-member');
});

test('a removed device is refused at its next request on the same connection, and its keys stay', async () => {
  const lost = await newDevice('lost');
  const key = ownKey(lost);
  await lost.calls.call('record', { complete: keyToWire(key) });
  const { keys } = await server.call('removeDevice', { id: 'lost' });
  assert.equal(keys, 1);
  for (const route of ['record', 'deviceHeartbeat', 'deviceLookup', 'renew'] as const) {
    assert.equal((await lost.to(route, '{}')).code, 'not-a-member', route);
  }
  assert.ok(await server.has(key.key.id));
  assert.equal((await server.call('listKeys', { device: lost.id })).keys.length, 1);
});

test('a removed secondary is refused at its next request, and the keys that came from it stay', async () => {
  const gone = await joinAs((await server.call('inviteSecondary', {})).invitation, { name: 'gone' });
  await server.call('removeServer', { id: 'gone' });
  for (const route of ['heartbeat', 'transmit', 'lookup', 'explain', 'leave', 'renew'] as const) {
    assert.equal((await gone.to(route, '{}')).code, 'not-a-member', route);
  }
});

test('repeated refusals of one caller are counted in the audit log, not written singly', async () => {
  const events = (await server.events('call-refused')).filter(({ route }) => route === 'record');
  const noisy = await newDevice('noisy');
  await server.call('removeDevice', { id: 'noisy' });
  for (let count = 0; count < 20; count += 1) await noisy.to('record', '{}');
  assert.equal(
    (await server.events('call-refused')).filter(({ route }) => route === 'record').length,
    events.length + 1,
  );
});

test('a key is given for its claim only: wrong by any one bit is no', async () => {
  const key = ownKey();
  await device.calls.call('record', { complete: keyToWire(key) });
  for (let bit = 0; bit < 128; bit += 1) {
    const claim = Buffer.from(key.claim);
    claim[bit >> 3]! ^= 1 << (bit & 7);
    const answer = await device.calls.call('deviceLookup', { id: key.key.id, claim: claimToText(claim) });
    assert.ok(answer.outcome === 'not-found' && answer.reason === 'wrong-claim', `bit ${bit}`);
  }
  const right = await device.calls.call('deviceLookup', { id: key.key.id, claim: claimToText(key.claim) });
  assert.equal(right.outcome, 'found');
});

test('a claim in another spelling is no claim', async () => {
  const id = ownKey().key.id;
  for (const claim of ['', 'AAAAAAAAAAAAAAAAAAAAAB', 'AAAAAAAAAAAAAAAAAAAAAA==', '_-AAAAAAAAAAAAAAAAAAAA']) {
    assert.equal(
      (await device.to('deviceLookup', JSON.stringify({ id, claim }))).code,
      'request-invalid',
      claim,
    );
  }
});

test('identities of files and recovery passwords are given to no device, with the claim either', async () => {
  for (const kind of ['file', 'recovery'] as const) {
    const key = makeSomeKey({ kind });
    await server.record(key);
    const lookup = JSON.stringify({ id: key.key.id, claim: claimToText(key.claim) });
    const answered = await device.to('deviceLookup', lookup);
    assert.equal(answered.code, 'not-allowed');
    assert.equal((await refusalsOf(device)).at(-1), 'deviceLookup not-allowed');
    assert.ok(
      !JSON.stringify(answered.document).includes(Buffer.from(key.material.expose()).toString('base64')),
    );
  }
});

test('the audit event is durable before material leaves', async () => {
  const key = ownKey();
  await device.calls.call('record', { complete: keyToWire(key) });
  await device.calls.call('deviceLookup', { id: key.key.id, claim: claimToText(key.claim) });
  const provided = (await server.events('key-provided')).filter((event) => event['key'] === key.key.id);
  assert.deepEqual(
    provided.map(({ by, as }) => [by, as]),
    [[`device:${device.id}`, 'key']],
  );
});

test('receipts are good at their own server, for their own device and key, and nowhere else', async () => {
  const [mine, other] = [ownKey(), ownKey()];
  const { receipt } = await device.calls.call('record', { complete: keyToWire(mine) });
  const { receipt: second } = await device.calls.call('record', { complete: keyToWire(other) });
  const stranger = await newDevice('stranger');
  const flipped = Buffer.from(receipt, 'base64');
  flipped[40]! ^= 1;
  const returned = await device.calls.call('returnReceipts', {
    receipts: [
      { id: mine.key.id, receipt },
      { id: mine.key.id, receipt: second },
      { id: other.key.id, receipt: flipped.toString('base64') },
      { id: other.key.id, receipt: '' },
    ],
  });
  assert.deepEqual([returned.recorded, returned.known, returned.refused.length], [0, 1, 3]);
  const stolen = await stranger.calls.call('returnReceipts', { receipts: [{ id: mine.key.id, receipt }] });
  assert.deepEqual([stolen.recorded, stolen.known, stolen.refused], [0, 0, [mine.key.id]]);
});

test('a heartbeat agrees about receipts exactly where count and ids do', async () => {
  const counted = await newDevice('counted');
  const keys = [ownKey(counted), ownKey(counted)];
  for (const key of keys) await counted.calls.call('record', { complete: keyToWire(key) });
  const beat = async (ids: readonly string[]) => {
    const { count, digest } = addToTotals(NO_RECEIPTS, ids);
    const receipts = { count, digest: hex(digest) };
    return (await counted.calls.call('deviceHeartbeat', { name: 'counted', receipts })).receipts;
  };
  const ids = keys.map(({ key }) => key.id);
  assert.equal(await beat(ids), 'agree');
  assert.equal(await beat(ids.toReversed()), 'agree');
  assert.equal(await beat(ids.slice(1)), 'differ');
  assert.equal(await beat([ids[0]!, randomUUID()]), 'differ');
});
