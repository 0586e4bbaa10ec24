/** When a primary shows a secondary as silent: by the heartbeats that this one sends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SHOWN } from '#test/sentences/shown.ts';
import { playSecondary } from '#test/support/played-secondary.ts';
import { openServer } from '#test/support/server-in-process.ts';

const MINUTE_MS = 60_000;

for (const [words, heartbeatMs, spokenMs, silentMs] of [
  ['nothing of its interval', undefined, 44 * MINUTE_MS, 46 * MINUTE_MS],
  ['that it sends one every hour', 60 * MINUTE_MS, 175 * MINUTE_MS, 185 * MINUTE_MS],
  ['that it sends one every second', 1000, 2 * MINUTE_MS, 4 * MINUTE_MS],
] as const) {
  test(`a secondary that said ${words} is silent after three that did not come`, async () => {
    const above = await openServer('Above');
    const secondary = await playSecondary(above, 'Hourly');
    await secondary.heartbeat(heartbeatMs === undefined ? {} : { heartbeatMs });
    const problem = async (aheadMs: number): Promise<string | null | undefined> => {
      above.clock.aheadMs = aheadMs;
      return (await above.call('showHierarchy', {})).secondaries[0]?.problem;
    };
    assert.equal(await problem(spokenMs), null);
    assert.match((await problem(silentMs)) ?? '', SHOWN.notHeardSince);
  });
}
