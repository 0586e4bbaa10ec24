/** What each call of a machine costs its caller's budget, and what happens when it is used up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimToText } from '#domain/claim.ts';
import { MEMBERSHIP_CALLS_AN_HOUR } from '#domain/limits.ts';
import { SEQUENCE_START } from '#domain/sequence.ts';
import { MACHINE_ROUTES, type MachineRouteName } from '#protocol/machine-routes.ts';
import { keyToWire } from '#protocol/wire-key.ts';
import { CALL_COSTS } from '#server/http/machines/call-costs.ts';
import { BUDGETS_DEFAULT } from '#server/members/member-budgets.ts';
import { selfSignedCertificate } from '#transport/authority.ts';
import { makeKeyPair } from '#transport/key-pair.ts';
import { callerWith, joinAs, makeSomeKey } from '#test/support/machine-caller.ts';
import { batchOf, bytesOf, playSecondary } from '#test/support/played-secondary.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

const ROUTES = Object.keys(MACHINE_ROUTES) as MachineRouteName[];
/** So few that a page of either kind uses them up. */
const ONE_CALL = { ...BUDGETS_DEFAULT, heartbeatsAnHour: 1, deviceCallsAnHour: 1, secondaryCallsAnHour: 1 };

const joinDevice = async (server: ServerInProcess) =>
  joinAs((await server.call('inviteDevice', {})).invitation);
const joinSecondary = async (server: ServerInProcess) =>
  joinAs((await server.call('inviteSecondary', { dmz: false })).invitation);

test('every route has a cost, and no cost is of a route that is gone', () => {
  assert.deepEqual(Object.keys(CALL_COSTS).toSorted(), ROUTES.toSorted());
  for (const route of ROUTES) {
    const cost = CALL_COSTS[route];
    if (typeof cost === 'string') assert.equal(cost, route === 'join' ? 'no-member' : 'at-its-batch', route);
    else assert.ok(cost.calls >= 1, route);
  }
});

for (const route of ROUTES) {
  const cost = CALL_COSTS[route];
  if (typeof cost === 'string') continue;
  test(`${route} is answered "later", with a wait, when its caller's share is used up`, async () => {
    const server = await openServer('Oslo', { budgets: ONE_CALL, heartbeats: false });
    const joined = await (MACHINE_ROUTES[route].caller === 'secondary' ? joinSecondary : joinDevice)(server);
    const times = cost.share === 'membership' ? MEMBERSHIP_CALLS_AN_HOUR : 1;
    // What a slow machine takes for them would give some of the share back.
    server.clock.stoppedAt = Date.now();
    for (let at = 0; at < times; at += 1) {
      // A body that no route takes, so that nothing is changed.
      assert.equal((await joined.to(route, '[]')).code, 'request-invalid');
    }
    const { status, code, document } = await joined.to(route, '[]');
    assert.deepEqual([status, code], [429, 'later']);
    const { waitMs } = document['details'] as { waitMs: number };
    assert.ok(waitMs > 0, String(waitMs));
    server.clock.aheadMs += waitMs;
    assert.equal((await joined.to(route, '[]')).code, 'request-invalid', 'the wait that was told is enough');
  });
}

test('a device that asks without end still keeps its heartbeat, hands keys over and renews', async () => {
  const server = await openServer('Oslo', { budgets: { ...BUDGETS_DEFAULT, deviceCallsAnHour: 5 } });
  const device = await joinDevice(server);
  const key = makeSomeKey({ device: { id: device.id, name: 'laptop' }, origin: server.name.id });
  const { id } = key.key;
  const own = { id, claim: claimToText(key.claim) };
  await device.calls.call('record', { complete: keyToWire(key) });
  for (let at = 0; at < 5; at += 1) await device.calls.call('deviceLookup', own);
  for (let at = 0; at < 20; at += 1) {
    await assert.rejects(device.calls.call('deviceLookup', own), { code: 'later' });
  }
  const receipts = { count: 0, digest: '0'.repeat(64) };
  await device.calls.call('deviceHeartbeat', { name: 'laptop', receipts });
  await device.calls.call('record', { complete: keyToWire(key) });
  await device.calls.call('renew', {});
  const refused = await server.events('call-refused');
  assert.deepEqual(
    refused.map(({ by, code, route }) => [by, code, route]),
    [[`device:${device.id}`, 'later', 'deviceLookup']],
    'counted, not written singly',
  );
});

test('one device that asks for its own key again and again writes one event', async () => {
  const server = await openServer('Oslo');
  const device = await joinDevice(server);
  const key = makeSomeKey({ device: { id: device.id, name: 'laptop' }, origin: server.name.id });
  await device.calls.call('record', { complete: keyToWire(key) });
  const rows = async () => (await server.store.reader.auditAfter(0, 100_000)).length;
  const before = await rows();
  for (let at = 0; at < 50; at += 1)
    await device.calls.call('deviceLookup', { id: key.key.id, claim: claimToText(key.claim) });
  assert.equal((await rows()) - before, 1);
});

test('whoever makes a new key for each call is counted with all others who do', async () => {
  const server = await openServer('Oslo');
  const called = {
    address: server.address,
    name: server.name,
    authorityPem: server.authority.certificatePem,
  };
  for (let at = 0; at < 5; at += 1) {
    const keyPair = makeKeyPair();
    const certificatePem = await selfSignedCertificate({ keyPair, now: Date.now() });
    const stranger = callerWith(called, { certificatePem, privateKeyPem: keyPair.privateKeyPem });
    assert.equal((await stranger.to('deviceLookup', '{}')).code, 'not-a-member');
  }
  assert.equal((await server.events('call-refused')).length, 1);
});

test('a join that is repeated for a lost reply is told once', async () => {
  const server = await openServer('Oslo');
  const { invitation } = await server.call('inviteDevice', {});
  const { id, pair } = await joinAs(invitation);
  for (let at = 0; at < 5; at += 1) await joinAs(invitation, { id, pair });
  assert.equal((await server.events('invitation-used')).length, 1);
});

test('batches without keys are counted as calls', async () => {
  const primary = await openServer('Above', { budgets: { ...BUDGETS_DEFAULT, secondaryCallsAnHour: 3 } });
  await primary.call('changeSettings', { useHierarchy: true });
  const secondary = await playSecondary(primary);
  await secondary.heartbeat();
  const send = async () =>
    (await secondary.calls.transmit(bytesOf(batchOf(secondary.epoch, SEQUENCE_START, [])))).outcome;
  assert.deepEqual(
    [await send(), await send(), await send(), await send()],
    ['received', 'received', 'received', 'later'],
  );
});
