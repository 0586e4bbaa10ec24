/**
 * What a device reports of its drives reaches whoever looks after it: in numbers in the list, in full beside the device,
 * and as the device's own word. Devices of the release before, and those that lie, harm nobody.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coverageOf } from '#domain/drive-report.ts';
import { addToTotals, NO_RECEIPTS } from '#domain/receipt.ts';
import { listing } from '#test/agent/listed-drives.ts';
import { image, MIB } from '#test/agent/drives/images.ts';
import { adopt, encrypted } from '#test/agent/others-volume.ts';
import { stock, unlessInstalled } from '#test/agent/system-tools.ts';
import { type AgentInProcess, openAgent } from '#test/support/agent-in-process.ts';
import { REPORTED_DRIVE } from '#test/support/reported-drive.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

const skip = unlessInstalled('cryptsetup');
const DAY_MS = 24 * 3_600_000;
const { count, digest } = addToTotals(NO_RECEIPTS, []);
/** What each heartbeat says. */
const SAID = { name: 'PC', receipts: { count, digest: Buffer.from(digest).toString('hex') } };

async function onlyDevice(server: ServerInProcess) {
  const { devices } = await server.call('listDevices', {});
  const { device } = await server.call('showDevice', { id: devices[0]!.id });
  return { listed: devices[0]!, device };
}

async function withDrives(): Promise<{ server: ServerInProcess; agent: AgentInProcess; kept: string }> {
  const server = await openServer('Oslo');
  const [kept, plain] = [encrypted('--label=Attic'), image(32 * MIB)];
  const agent = openAgent(0, listing([kept, plain]));
  await agent.enrolWith(server);
  await adopt(agent, kept);
  return { server, agent, kept };
}

test('a drive that does not open is read out by its own UUID, in whatever case', { skip }, async () => {
  const server = await openServer('Oslo');
  const agent = openAgent();
  await agent.enrolWith(server);
  const { key, uuid } = await adopt(agent, encrypted());
  for (const id of [uuid, uuid.toUpperCase(), key.toUpperCase()])
    assert.equal((await server.call('showKey', { id })).key.id, key);
  await assert.rejects(server.call('showKey', { id: uuid.replace(/^.{8}/, '00000000') }), {
    code: 'not-found',
  });
});

test('the list counts what a device has, what must be in custody, and what was proved within a day', {
  skip,
}, async () => {
  const { server, agent, kept } = await withDrives();
  await agent.heartbeat();
  const { listed, device } = await onlyDevice(server);
  assert.deepEqual(listed.drives, { drives: 2, demanded: 1, proved: 1, problems: 0 });
  const [first, second] = device.report!.drives;
  assert.deepEqual(
    [first!.path, first!.label, first!.key !== null, first!.provedAt !== null, second!.state],
    [kept, 'Attic', true, true, 'no rule'],
  );
  const all = (await server.call('listDevices', {})).devices;
  assert.deepEqual(
    { ...coverageOf(all), gaps: 0 },
    { devices: 1, told: 1, demanded: 1, proved: 1, gapCount: 0, gaps: 0 },
  );
  // The device is silent from now on: a proof counts for a day.
  server.clock.aheadMs += DAY_MS + 1;
  assert.deepEqual((await onlyDevice(server)).listed.drives, {
    drives: 2,
    demanded: 1,
    proved: 0,
    problems: 0,
  });
});

test('a report is sent when something changed, and again where the server lost it', { skip }, async () => {
  const { server, agent, kept } = await withDrives();
  await agent.heartbeat();
  const { device } = await onlyDevice(server);
  server.clock.aheadMs += 60_000;
  await agent.heartbeat();
  const unchanged = await onlyDevice(server);
  assert.equal(unchanged.device.reportedAt, device.reportedAt);
  assert.notEqual(unchanged.device.lastHeartbeatAt, device.lastHeartbeatAt);
  stock('cryptsetup', ['config', '--label=Cellar', kept]);
  await agent.heartbeat();
  const changed = await onlyDevice(server);
  assert.equal(changed.device.report!.drives[0]!.label, 'Cellar');
  assert.ok(changed.device.reportedAt! > device.reportedAt!);
  await server.store.write((transaction) =>
    transaction.putContact({
      id: device.id,
      lastHeartbeatAt: 1,
      body: '{"digest":"0","report":{"drives":1}}',
    }),
  );
  assert.equal((await onlyDevice(server)).device.report, null, 'an altered row says nothing');
  await agent.heartbeat();
  assert.equal((await onlyDevice(server)).device.report!.drives.length, 2);
});

test('a device of the release before tells nothing, and a later heartbeat without a word keeps what was told', async () => {
  const server = await openServer('Oslo');
  const agent = openAgent();
  await agent.enrolWith(server);
  const id = agent.ports.state.requireDevice().id;
  await server.store.write((transaction) => transaction.putContact({ id, lastHeartbeatAt: 1, body: '{}' }));
  const before = await agent.ask((calls) => calls.call('deviceHeartbeat', SAID));
  assert.equal(before.wantDrives, undefined);
  assert.equal((await onlyDevice(server)).listed.drives, null);
  const report = { drives: [], left: 0, problem: 'lsblk is missing' };
  const drives = { digest: '0123456789abcdef', report };
  await agent.ask((calls) => calls.call('deviceHeartbeat', { ...SAID, drives }));
  await agent.ask((calls) => calls.call('deviceHeartbeat', SAID));
  const { device } = await onlyDevice(server);
  assert.equal(device.report?.problem, 'lsblk is missing');
  assert.deepEqual(device.drives, { drives: 0, demanded: 0, proved: 0, problems: 1 });
});

test('a device that lies is shown by its own word, and a proof of a time to come counts for nothing', async () => {
  const server = await openServer('Oslo');
  const agent = openAgent();
  await agent.enrolWith(server);
  const drive = {
    ...REPORTED_DRIVE,
    state: 'done' as const,
    key: '01a1f7f8-3000-74e3-b020-e07ad3bca24f',
    provedAt: new Date(Date.now() + 365 * DAY_MS).toISOString(),
  };
  await agent.ask((calls) =>
    calls.call('deviceHeartbeat', {
      ...SAID,
      drives: { digest: '0123456789abcdef', report: { drives: [drive], left: 0, problem: null } },
    }),
  );
  const { device } = await onlyDevice(server);
  assert.deepEqual(device.drives, { drives: 1, demanded: 1, proved: 0, problems: 0 });
  // No key is given, asked for or marked by what it says.
  await assert.rejects(server.call('showKey', { id: drive.key }), { code: 'not-found' });
});
