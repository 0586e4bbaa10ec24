/** Refusals in the audit log: the first is written, the others are counted, and none is forgotten. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REFUSAL_WINDOW_MS } from '#domain/limits.ts';
import { Refusals } from '#server/audit/refusals.ts';
import { openServer } from '#test/support/server-in-process.ts';

const EVENT = {
  event: 'call-refused',
  by: 'member:x',
  caller: 'member:x',
  code: 'not-a-member',
  route: '/r',
} as const;

test('of refusals that come together when the window before them is over each is written or counted', async () => {
  const server = await openServer('Oslo', { heartbeats: false });
  let now = 1_000_000;
  const refusals = new Refusals(server.repository.audit, () => now);
  const refuse = () => refusals.note('member:x', 'not-a-member', EVENT);
  await refuse();
  await refuse();
  now += REFUSAL_WINDOW_MS;
  await Promise.all([refuse(), refuse(), refuse()]);
  await refusals.flush();
  const written = await server.events('call-refused');
  const counts = (await server.events('refusals-counted')).map(({ count }) => count);
  assert.deepEqual([written.length, counts], [2, [1, 2]]);
});
