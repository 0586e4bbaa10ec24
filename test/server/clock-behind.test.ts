/** A server whose clock stands before the last event of its own audit log: it says so, and nothing that was over begins again. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { noteTimeAhead } from '#server/repository/known-time.ts';
import { joinAs } from '#test/support/machine-caller.ts';
import { joinInProcess, openServer, type ServerInProcess } from '#test/support/server-in-process.ts';
import { SHOWN } from '#test/sentences/shown.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let server: ServerInProcess;
before(async () => {
  server = await openServer('Office', { heartbeats: false });
});

async function invitation(expiresMs?: number): Promise<string> {
  return (await server.call('inviteDevice', expiresMs === undefined ? {} : { expiresMs })).invitation;
}

const now = { now: () => server.clock() };

/** As when it starts again. */
async function start(): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { store, repository, clock } = server;
  let told: Readonly<Record<string, unknown>> | undefined;
  const note = (fields: Readonly<Record<string, unknown>>): void => {
    told = fields;
  };
  await noteTimeAhead({ ...repository, store, clock, log: { info: note, warn: note, error: note } });
  return told;
}

async function warnings(): Promise<readonly string[]> {
  return (await server.call('serverStatus', {})).warnings.map(({ sentence }) => sentence);
}

test('a clock set back is told with both times, and no invitation that was over is taken', async () => {
  const early = await invitation(DAY_MS);
  const long = await invitation(30 * DAY_MS);
  const withoutClock = await warnings();
  assert.equal(await start(), undefined);

  server.clock.aheadMs = 21 * DAY_MS;
  await server.call('changeSettings', { useHierarchy: true });
  server.clock.aheadMs = HOUR_MS;

  const told = await start();
  assert.equal(told?.['event'], 'clock-behind');
  const [warning, ...more] = (await warnings()).filter((one) => !withoutClock.includes(one));
  assert.deepEqual(more, []);
  for (const time of [told['lastEvent'], new Date(server.clock()).toISOString().slice(0, 13)])
    assert.ok(warning?.includes(String(time)) === true, warning ?? 'no warning');

  await assert.rejects(joinAs(early, now), { code: 'invitation-expired' });
  // The next events carry the clock's time, and hide nothing.
  await server.call('changeSettings', { useHierarchy: false });
  assert.equal((await warnings()).length, withoutClock.length + 1);
  await assert.rejects(joinAs(early, now), { code: 'invitation-expired' });
  await joinAs(long, now);
});

test('an invitation made meanwhile lives by the clock: one that was too far ahead for an hour locks nobody out', async () => {
  const fresh = await invitation();
  await joinAs(fresh, now);
  const late = await invitation(HOUR_MS);
  server.clock.aheadMs += 2 * HOUR_MS;
  await assert.rejects(joinAs(late, now), { code: 'invitation-expired' });
});

test('once the clock has come to the time that was known, nothing is told any more', async () => {
  server.clock.aheadMs = 21 * DAY_MS + HOUR_MS;
  assert.ok((await warnings()).every((one) => !SHOWN.clockBehind.test(one)));
});

test('a permission to have keys back that was over does not begin again', async () => {
  const primary = await openServer('Primary', { heartbeats: false });
  await joinInProcess(await openServer('Branch', { heartbeats: false }), primary);
  await primary.call('allowRecovery', { id: 'Branch', expiresMs: DAY_MS });
  const isOpen = async (): Promise<boolean> =>
    (await primary.call('serverStatus', {})).warnings.some(({ step }) => step?.name === 'end-recovery');
  assert.ok(await isOpen());
  primary.clock.aheadMs = 2 * DAY_MS;
  await primary.call('changeSettings', { useHierarchy: true });
  primary.clock.aheadMs = HOUR_MS;
  assert.equal(await isOpen(), false);
  await primary.call('allowRecovery', { id: 'Branch', expiresMs: DAY_MS });
  assert.ok(await isOpen());
});
