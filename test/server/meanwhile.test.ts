/** What somebody changes in the moment another call takes: the change stays, whoever wrote last. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '#domain/errors.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { openAgent } from '#test/support/agent-in-process.ts';
import { eventually } from '#test/support/eventually.ts';
import { joinAs } from '#test/support/machine-caller.ts';
import {
  joinInProcess,
  openServer,
  type ServerInProcess,
  switchOption,
} from '#test/support/server-in-process.ts';

/** Long enough for a call to be let in and to wait for its turn to write. */
const CALL_MS = 150;

/** In a file: in memory whoever reads would wait for those who write. */
function openInFile(name: string): Promise<ServerInProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'keystair-meanwhile-'));
  atTheEnd(() => rmSync(directory, { recursive: true }));
  return openServer(name, { directory });
}

/** A secondary and its primary, whose keys climb. */
async function oldAndNew(): Promise<{ readonly old: ServerInProcess; readonly next: ServerInProcess }> {
  const [old, next] = await Promise.all([openInFile('Old'), openServer('New')]);
  await switchOption(true, old, next);
  await joinInProcess(old, next);
  return { old, next };
}

/** Runs calls that all wait with their writes, in the order in which they were begun, until all have begun. */
async function whileWritesWait(server: ServerInProcess, calls: readonly (() => Promise<unknown>)[]) {
  const gate = Promise.withResolvers<void>();
  const held = server.store.write(() => gate.promise);
  const begun: Promise<unknown>[] = [];
  for (const call of calls) {
    begun.push(call());
    await sleep(CALL_MS);
  }
  gate.resolve();
  await held;
  return Promise.allSettled(begun);
}

test('a device that is removed while its heartbeat waits to be written stays removed', async () => {
  const server = await openInFile('Oslo');
  const lost = await joinAs((await server.call('inviteDevice', {})).invitation, { name: 'lost' });
  const heartbeat = { name: 'another name', receipts: { count: 0, digest: '0'.repeat(64) } };
  const [, beat] = await whileWritesWait(server, [
    () => server.call('removeDevice', { device: 'lost' }),
    () => lost.calls.call('deviceHeartbeat', heartbeat),
  ]);
  assert.equal(beat?.status === 'rejected' && codeOf(beat.reason), 'not-a-member');
  assert.notEqual((await server.member(lost.id))?.removedAt, null);
  await assert.rejects(lost.calls.call('deviceHeartbeat', heartbeat), { code: 'not-a-member' });
});

test('a secondary that renews its address with a new invitation keeps its DMZ mark', async () => {
  const [above, below] = await Promise.all([openServer('Above'), openServer('Below')]);
  await joinInProcess(below, above);
  await above.call('setServer', { server: 'Below', dmz: true });
  await joinInProcess(below, above);
  assert.equal((await above.member(below.name.id))?.dmz, true);
  await above.call('removeServer', { server: 'Below' });
  await joinInProcess(below, above);
  assert.equal(
    (await above.member(below.name.id))?.dmz,
    false,
    'whoever was removed comes as one that is new',
  );
});

test('of two primaries that a server joins at one moment it has one, and is told so', async () => {
  const [north, south, branch] = await Promise.all([
    openServer('North'),
    openServer('South'),
    openServer('Branch'),
  ]);
  const joined = await Promise.allSettled([joinInProcess(branch, north), joinInProcess(branch, south)]);
  const refused = joined.filter((one) => one.status === 'rejected');
  assert.deepEqual(
    refused.map(({ reason }) => codeOf(reason)),
    ['already-joined'],
  );
  const winner = joined[0].status === 'fulfilled' ? north : south;
  const { primary } = await branch.call('serverStatus', {});
  assert.deepEqual([primary?.id, primary?.state], [winner.name.id, 'connected']);
});

test('a setting that is changed while the server joins stays as it was changed', async () => {
  const [above, below] = await Promise.all([openServer('Above'), openServer('Below')]);
  const { invitation } = await above.call('inviteSecondary', {});
  await Promise.all([
    below.call('joinHierarchy', { invitation, useHierarchy: true }),
    below.call('changeSettings', { transmit: 'heartbeat' }),
  ]);
  const { useHierarchy, transmit } = await below.call('showSettings', {});
  assert.deepEqual([useHierarchy, transmit], [true, 'heartbeat']);
  const changes = (await below.events('settings-changed')).map(({ changes }) => changes);
  assert.deepEqual(changes, [{ transmit: 'heartbeat' }, { useHierarchy: true }]);
});

test('a key that is made while the device changes its server is shown to the new one, too', async () => {
  const { old, next } = await oldAndNew();
  const agent = openAgent();
  await agent.enrolWith(old);
  const [early, late] = [await agent.makeKey(), await agent.makeKey()];
  await old.call('heartbeatNow', {});
  const { state } = agent.ports;
  // As if the second had been made after the first look at what there is to show.
  const keysThere = state.keys.bind(state);
  let looks = 0;
  state.keys = () => {
    looks += 1;
    return looks === 1 ? keysThere().filter(({ id }) => id !== late) : keysThere();
  };
  const report = await agent.enrolWith(next);
  assert.deepEqual(report.keys, { needed: 2, obtained: 2, missing: [] });
  assert.deepEqual(state.receiptIds(next.name.id), [early, late].toSorted());
});

test('a key that is acknowledged after the device changed its server is not used', async () => {
  const { old, next } = await oldAndNew();
  const agent = openAgent();
  await agent.enrolWith(old);
  let moving: Promise<unknown> = Promise.resolve();
  const over = () => agent.ports.state.demandMembership().server.id === next.name.id;
  const [making] = await whileWritesWait(old, [
    () => agent.makeKey(),
    async () => {
      moving = agent.enrolWith(next);
      await eventually('the device is over', over);
    },
  ]);
  await moving;
  assert.equal(making?.status === 'rejected' && codeOf(making.reason), 'interrupted');
  assert.deepEqual(
    agent.ports.state.keys().map(({ custody }) => custody),
    ['pending'],
  );
  await agent.makeKey();
});
