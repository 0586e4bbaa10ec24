/** What somebody changes in the moment another call takes: the change stays, whoever wrote last. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { enrol } from '#agent/enrol.ts';
import { decryptFileForDevice, encryptFileForDevice } from '#agent/file-commands.ts';
import { codeOf } from '#domain/errors.ts';
import type { Store } from '#store/store.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { openAgent } from '#test/support/agent-in-process.ts';
import { eventually } from '#test/support/eventually.ts';
import { joinAs } from '#test/support/machine-caller.ts';
import { playSecondary } from '#test/support/played-secondary.ts';
import {
  joinInProcess,
  openServer,
  type ServerInProcess,
  switchOption,
} from '#test/support/server-in-process.ts';

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

/** What these servers do by themselves is over: else it could be taken for what a test waits for. */
async function atRest(...servers: readonly ServerInProcess[]): Promise<void> {
  // One that has no primary says so.
  await Promise.all(servers.map((server) => server.call('heartbeatNow', {}).catch(() => undefined)));
}

/**
 * Runs calls that all wait with their writes, in the order in which they were begun, until all have asked to write.
 *
 * @param meanwhile what is over before any of them goes on.
 */
async function whileWritesWait(
  server: ServerInProcess,
  calls: readonly (() => Promise<unknown>)[],
  meanwhile: () => Promise<unknown> = async () => undefined,
) {
  await atRest(server);
  const store = server.store as { write: Store['write'] };
  const { write } = store;
  const gate = Promise.withResolvers<void>();
  const held = write(() => gate.promise);
  const begun: Promise<unknown>[] = [];
  for (const call of calls) {
    const asked = Promise.withResolvers<void>();
    store.write = (work, options) => {
      asked.resolve();
      return write(work, options);
    };
    begun.push(call());
    await asked.promise;
  }
  store.write = write;
  await meanwhile();
  gate.resolve();
  await held;
  return Promise.allSettled(begun);
}

test('a device that is removed while its heartbeat waits to be written stays removed', async () => {
  const server = await openInFile('Oslo');
  const lost = await joinAs((await server.call('inviteDevice', {})).invitation, { name: 'lost' });
  const heartbeat = { name: 'another name', receipts: { count: 0, digest: '0'.repeat(64) } };
  const [, beat] = await whileWritesWait(server, [
    () => server.call('removeDevice', { id: 'lost' }),
    () => lost.calls.call('deviceHeartbeat', heartbeat),
  ]);
  assert.equal(beat?.status === 'rejected' && codeOf(beat.reason), 'not-a-member');
  assert.notEqual((await server.member(lost.id))?.removedAt, null);
  await assert.rejects(lost.calls.call('deviceHeartbeat', heartbeat), { code: 'not-a-member' });
});

test('a secondary that is marked while its heartbeat waits to be written hears of the mark, and one that is removed is refused', async () => {
  const server = await openInFile('Oslo');
  const secondary = await playSecondary(server);
  const [, marked] = await whileWritesWait(server, [
    () => server.call('setServer', { id: 'played', dmz: true }),
    () => secondary.heartbeat(),
  ]);
  assert.equal(marked?.status === 'fulfilled' && (marked.value as { dmz: boolean }).dmz, true);
  const [, removed] = await whileWritesWait(server, [
    () => server.call('removeServer', { id: 'played' }),
    () => secondary.heartbeat(),
  ]);
  assert.equal(removed?.status === 'rejected' && codeOf(removed.reason), 'not-a-member');
});

test('a secondary that is removed while it is allowed to have keys back does not come back with that permission', async () => {
  const [above, below] = await Promise.all([openInFile('Above'), openServer('Below')]);
  await joinInProcess(below, above);
  await atRest(below);
  const [, allowed] = await whileWritesWait(above, [
    () => above.call('removeServer', { id: 'Below' }),
    () => above.call('allowRecovery', { id: 'Below' }),
  ]);
  assert.equal(allowed?.status === 'rejected' && codeOf(allowed.reason), 'not-found');
  await below.call('leaveHierarchy', {});
  await joinInProcess(below, above);
  const { warnings } = await above.call('serverStatus', {});
  assert.ok(!warnings.some(({ step }) => step?.name === 'end-recovery'));
});

test('a secondary that renews its address with a new invitation keeps its DMZ mark', async () => {
  const [above, below] = await Promise.all([openServer('Above'), openServer('Below')]);
  await joinInProcess(below, above);
  await above.call('setServer', { id: 'Below', dmz: true });
  await joinInProcess(below, above);
  assert.equal((await above.member(below.name.id))?.dmz, true);
  await above.call('removeServer', { id: 'Below' });
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
  const over = () => agent.ports.state.requireMembership().server.id === next.name.id;
  const [making] = await whileWritesWait(old, [() => agent.makeKey()], async () => {
    moving = agent.enrolWith(next);
    await eventually('the device is over', over);
  });
  await moving;
  assert.equal(making?.status === 'rejected' && codeOf(making.reason), 'interrupted');
  assert.deepEqual(
    agent.ports.state.keys().map(({ custody }) => custody),
    ['pending'],
  );
  await agent.makeKey();
});

test('a key that is opened while the device changes its server is not opened behind the back of the new one', async () => {
  const { old, next } = await oldAndNew();
  const [author, reader] = [openAgent(), openAgent()];
  for (const agent of [author, reader]) await agent.enrolWith(old);
  const folder = mkdtempSync(join(tmpdir(), 'keystair-meanwhile-'));
  atTheEnd(() => rmSync(folder, { recursive: true }));
  const [plain, encrypted, opened] = ['plain', 'encrypted', 'opened'].map((name) => join(folder, name));
  writeFileSync(plain!, 'text');
  const { signal } = new AbortController();
  const streams = { stdin: process.stdin, stdout: process.stdout };
  const job = { force: false, streams, signal, random: author.ports.random };
  const algorithm = 'age-x25519';
  await encryptFileForDevice(author.ports, {
    ...job,
    input: plain!,
    output: encrypted!,
    algorithm,
    newIdentity: false,
  });
  const decrypt = () => decryptFileForDevice(reader.ports, { ...job, input: encrypted!, output: opened! });
  const over = () => reader.ports.state.requireMembership().server.id === next.name.id;
  let moving: Promise<unknown> = Promise.resolve();
  const [opening] = await whileWritesWait(old, [decrypt], async () => {
    moving = reader.enrolWith(next);
    await eventually('the device is over', over);
  });
  await moving;
  assert.equal(opening?.status === 'rejected' && codeOf(opening.reason), 'interrupted');
  assert.ok(!existsSync(opened!));
  assert.deepEqual(reader.ports.state.keys(), []);
});

test('a device that moves while it renews its address at the old server stays where it moved to', async () => {
  const { old, next } = await oldAndNew();
  const agent = openAgent();
  await agent.enrolWith(old);
  const { invitation } = await old.call('inviteDevice', {});
  const serverNow = () => agent.ports.state.requireMembership().server.id;
  let moving: Promise<unknown> = Promise.resolve();
  const [renewed] = await whileWritesWait(
    old,
    [() => enrol(agent.ports, { invitation, name: undefined })],
    async () => {
      moving = agent.enrolWith(next);
      await eventually('the device is over', () => serverNow() === next.name.id);
    },
  );
  await moving;
  assert.equal(renewed?.status === 'rejected' && codeOf(renewed.reason), 'interrupted');
  assert.equal(serverNow(), next.name.id);
  await agent.makeKey();
});

test('a server that a device leaves while the one before is told of it is told, too', async () => {
  const { old, next } = await oldAndNew();
  const agent = openAgent();
  await agent.enrolWith(old);
  const { state } = agent.ports;
  const to = { id: randomUUID(), name: 'Third' };
  await whileWritesWait(old, [() => agent.enrolWith(next)], async () => {
    // As another command leaves it that moved the device on.
    state.transaction(() => {
      state.set('left-server', { membership: state.requireMembership(), to });
    });
  });
  const left = state.get('left-server');
  assert.deepEqual([left?.membership.server.id, left?.to], [next.name.id, to]);
  // It is not at the third in truth, so that nobody takes the heartbeat itself.
  await assert.rejects(agent.heartbeat(), { code: 'not-a-member' });
  assert.deepEqual((await next.member(state.requireDevice().id))?.movedTo, to);
});
