/** Who is put off by its primary waits until it is worth sending again, says so, and goes on by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Position, SEQUENCE_START } from '#domain/sequence.ts';
import type { TransmissionAnswer } from '#protocol/messages.ts';
import { BUDGETS_DEFAULT } from '#server/members/member-budgets.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import { eventually } from '#test/support/eventually.ts';
import { makeSomeKey } from '#test/support/machine-caller.ts';
import { batchOf, bytesOf, lineOf, playSecondary } from '#test/support/played-secondary.ts';
import { joinInProcess, openServer, switchOption } from '#test/support/server-in-process.ts';

const HOUR_MS = 3_600_000;
const PRIMARY_OF_SIX = { budgets: { ...BUDGETS_DEFAULT, secondaryRecordsAnHour: 6 } };
const sixKeys = () => Array.from({ length: 6 }, () => makeSomeKey());

/** Two servers, the link open, the primary's budget used up by the first six keys. */
async function usedUp(alter: (answer: TransmissionAnswer) => TransmissionAnswer = (answer) => answer) {
  const counted = { heartbeats: 0, batches: 0 };
  const primary = await openServer('Above', PRIMARY_OF_SIX);
  const secondary = await openServer('Below', {
    between: (calls) => ({
      ...calls,
      call(name, request, options) {
        if (name === 'heartbeat') counted.heartbeats += 1;
        return calls.call(name, request, options);
      },
      async transmit(batch, options) {
        counted.batches += 1;
        return alter(await calls.transmit(batch, options));
      },
    }),
  });
  await switchOption(true, primary, secondary);
  await joinInProcess(secondary, primary);
  await secondary.record(...sixKeys());
  await secondary.call('heartbeatNow', {});
  counted.batches = 0;
  const problem = async () => (await secondary.call('serverStatus', {})).primary?.problem ?? '';
  return { primary, secondary, counted, problem };
}

test('who is put off is told how long to wait; before that it is told later again, then its batch is taken', async () => {
  const primary = await openServer('Above', PRIMARY_OF_SIX);
  await primary.call('changeSettings', { useHierarchy: true });
  const secondary = await playSecondary(primary);
  await secondary.heartbeat();
  const send = (start: Position, lines: readonly string[]) =>
    secondary.calls.transmit(bytesOf(batchOf(secondary.epoch, start, lines)));
  const lines = sixKeys().map((key) => lineOf(key));
  assert.equal((await send(SEQUENCE_START, lines)).waitMs, undefined);
  const seventh = lineOf(makeSomeKey());
  const next = () => send(batchOf(secondary.epoch, SEQUENCE_START, lines).end, [seventh]);
  const { outcome, waitMs = 0 } = await next();
  assert.equal(outcome, 'later');
  primary.clock.aheadMs += Math.floor(waitMs / 2);
  const half = await next();
  assert.equal(half.outcome, 'later');
  assert.ok((half.waitMs ?? Infinity) <= waitMs / 2 + 2, `${half.waitMs} of ${waitMs}`);
  primary.clock.aheadMs += half.waitMs ?? 0;
  assert.equal((await next()).outcome, 'received');
});

for (const [release, alter] of [
  ['its primary', undefined],
  [
    'a primary too old to say for how long',
    (answer: TransmissionAnswer) => ({ ...answer, waitMs: undefined }),
  ],
] as const) {
  test(`while ${release} takes no more, heartbeats go on, no batch is sent, and people are told`, async () => {
    const { primary, secondary, counted, problem } = await usedUp(alter);
    const seventh = makeSomeKey();
    await secondary.record(seventh);
    await assert.rejects(secondary.call('heartbeatNow', {}), {
      code: 'later',
      message: SHOWN.aboveTakesNoMore,
    });
    assert.equal(counted.batches, 1);
    const before = counted.heartbeats;
    await secondary.call('changeSettings', { heartbeat: 1 });
    await eventually('four heartbeats', () => counted.heartbeats >= before + 4);
    assert.equal(counted.batches, 1, 'its batch is not sent with each heartbeat');
    assert.match(await problem(), SHOWN.takesNoMore);
    const shown = await secondary.call('showHierarchy', {});
    assert.equal(shown.primary?.problem, await problem());
    // An administrator made room above, and says so below.
    primary.clock.aheadMs += HOUR_MS;
    assert.equal((await secondary.call('heartbeatNow', {})).transmitted, 1);
    assert.ok(await primary.has(seventh.key.id));
    assert.equal(await problem(), '');
  });
}

test('when the time is over the rest is sent, without a heartbeat or a hand that wakes it', async () => {
  const { primary, secondary, problem } = await usedUp((answer) => {
    if (answer.outcome === 'later') primary.clock.aheadMs += HOUR_MS;
    return answer.waitMs === undefined ? answer : { ...answer, waitMs: 0 };
  });
  const seventh = makeSomeKey();
  await secondary.record(seventh);
  await assert.rejects(secondary.call('heartbeatNow', {}), { code: 'later' });
  await eventually('the key is above', () => primary.has(seventh.key.id));
  await eventually('nothing is told any more', async () => (await problem()) === '');
});

test('who left a primary that put it off is not held back at another', async () => {
  const { secondary } = await usedUp();
  const seventh = makeSomeKey();
  await secondary.record(seventh);
  await assert.rejects(secondary.call('heartbeatNow', {}), { code: 'later' });
  await secondary.call('leaveHierarchy', {});
  const other = await openServer('Other');
  await switchOption(true, other);
  await joinInProcess(secondary, other);
  await eventually('the key is there', () => other.has(seventh.key.id));
});
