/**
 * Each heartbeat of a device proves, once a day a drive, that its drives open with the keys in custody: a keyslot that
 * somebody removed is seen, told with what to do, and nothing that is broken at a drive holds the heartbeat up.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { drivesHere } from '#agent/drives-here.ts';
import { checkDrives } from '#agent/proofs/check-drives.ts';
import { agentStatus } from '#agent/status.ts';
import { openAgent } from '#test/support/agent-in-process.ts';
import { openServer } from '#test/support/server-in-process.ts';
import { shown, standIn, writeAt } from './drives/images.ts';
import { listing } from './listed-drives.ts';
import { adopt, encrypted, PASSPHRASE } from './others-volume.ts';
import { stock, unlessInstalled } from './system-tools.ts';

const skip = unlessInstalled('cryptsetup');
const { signal } = new AbortController();
const HOUR_MS = 3_600_000;

/** A device with drives in custody, and tools of the system beside which one may be a stand-in. */
async function deviceWithDrives(count: number) {
  const server = await openServer('Oslo');
  const paths = Array.from({ length: count }, () => encrypted());
  const folders = [...listing(paths)];
  const agent = openAgent(0, folders);
  await agent.enrolWith(server);
  for (const path of paths) await adopt(agent, path);
  return {
    agent,
    paths,
    folders,
    look: () => drivesHere(agent.ports, { signal, folders }),
    /** When each was last proved, as the device's state says it. */
    provedAt: async () => (await drivesHere(agent.ports, { signal, folders })).map((drive) => drive.provedAt),
  };
}

function killSlot(path: string): void {
  stock('cryptsetup', ['luksKillSlot', '--batch-mode', '--key-file=-', path, '1'], { input: PASSPHRASE });
}

test('a drive is proved once a day, whatever the number of heartbeats, and the proof is shown', {
  skip,
}, async () => {
  const { agent, provedAt } = await deviceWithDrives(2);
  assert.deepEqual(await provedAt(), [null, null]);
  await agent.heartbeat();
  const first = await provedAt();
  assert.ok(first.every((at) => at !== null));
  agent.clock.aheadMs += 20 * HOUR_MS;
  await agent.heartbeat();
  assert.deepEqual(await provedAt(), first);
  agent.clock.aheadMs += 3 * HOUR_MS;
  await agent.heartbeat();
  assert.ok((await provedAt()).every((at, index) => at! > first[index]!));
});

test('a keyslot that somebody removed is seen at the next heartbeat, with the next step', {
  skip,
}, async () => {
  const { agent, paths, look } = await deviceWithDrives(2);
  await agent.heartbeat();
  killSlot(paths[0]!);
  await agent.heartbeat();
  const [killed, kept] = await look();
  assert.equal(killed!.state, 'error');
  assert.deepEqual(killed!.problem?.step, { name: 'adopt-again', details: { path: paths[0]! } });
  assert.ok(killed!.provedAt !== null, 'it still says when it last opened');
  assert.equal(kept!.problem, null);
  // A person mends it with another passphrase.
  const { key } = await adopt(agent, paths[0]!);
  await agent.heartbeat();
  const [mended] = await look();
  assert.deepEqual([mended!.key, mended!.problem], [key, null]);
  assert.ok(mended!.provedAt !== null);
});

test('a keyslot that was overwritten without a word in the header is found by the daily proof', {
  skip,
}, async () => {
  const { agent, paths, look } = await deviceWithDrives(1);
  await agent.heartbeat();
  const area = (shown(paths[0]!).keyslots['1'] as { area: { offset: string; size: string } }).area;
  writeAt(paths[0]!, Number(area.offset), Buffer.alloc(Number(area.size), 7));
  agent.clock.aheadMs += 23 * HOUR_MS;
  await agent.heartbeat();
  const [drive] = await look();
  assert.deepEqual([drive!.state, drive!.key !== null, drive!.provedAt !== null], ['error', true, true]);
  assert.equal(drive!.problem?.step?.name, 'adopt-again');
});

test('after a clock that was ahead, a proof of a time to come counts for nothing', { skip }, async () => {
  const { agent, provedAt } = await deviceWithDrives(1);
  agent.clock.aheadMs = 10 * 24 * HOUR_MS;
  await agent.ask((calls) => checkDrives(agent.ports, calls));
  const [toCome] = await provedAt();
  agent.clock.aheadMs = 0;
  await agent.ask((calls) => checkDrives(agent.ports, calls));
  assert.ok((await provedAt())[0]! < toCome!);
});

test('a drive that is gone at the check takes its proof from no other', { skip }, async () => {
  const { agent, paths, look } = await deviceWithDrives(2);
  rmSync(paths[0]!);
  await agent.heartbeat();
  assert.deepEqual(
    (await look()).map(({ path, provedAt }) => [path, provedAt !== null]),
    [[paths[1], true]],
  );
});

test('without cryptsetup, and with one that hangs, the heartbeat goes on and the drive says what is missing', {
  skip,
}, async () => {
  const { agent, paths, folders } = await deviceWithDrives(1);
  const only = { ...agent.ports, toolFolders: [folders[0]!] };
  const missing = await agent.ask((calls) => checkDrives(only, calls));
  assert.match(missing.drives[0]!.problem!.sentence, /cryptsetup/);
  assert.equal(missing.drives[0]!.path, paths[0]);
  const stuck = standIn('cryptsetup', 'trap "" TERM; sleep 600');
  const hanging = { ...agent.ports, toolFolders: [stuck, ...folders] };
  const late = await agent.ask((calls) => checkDrives(hanging, calls, { timeMs: 200 }));
  assert.ok(late.problem);
  await agent.heartbeat();
  assert.equal(agentStatus(agent.ports).problem, null);
});
