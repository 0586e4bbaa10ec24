/** What people look at while a line is down: status, explain, and the answer that a device gets. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { claimToText } from '#domain/claim.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { eventually } from '#test/support/eventually.ts';
import type { NetworkServer, Primary } from './network-server.ts';
import type { NetworkTree } from './network-tree.ts';

/** Status comes to say that the primary is not reached, with a problem in words. */
export async function statusShowsUnreachable(server: NetworkServer): Promise<Primary> {
  const primary = await eventually(`${server.name} shows that its primary is not reached`, async () => {
    const shown = await server.primary();
    return shown.state === 'unreachable' && shown;
  });
  assert.ok(primary.problem !== null && primary.problem !== '', 'it says why');
  assert.ok(primary.lastHeartbeatAt !== null, 'and when it was heard last');
  return primary;
}

/** The line between middle and root is down: from the leaf, the way shows this one, and since when. */
export async function explainNamesTheLine({ leaf }: NetworkTree, brokenAt: Date): Promise<void> {
  const { path, verdict, nextStep } = await leaf.call('explainKey', { id: randomUUID() });
  const links = Object.fromEntries(path.map(({ server, link }) => [server.name, link]));
  assert.deepEqual(links, { Leaf: 'connected', Middle: 'unreachable', Root: 'none' }, verdict);
  const since = path.find(({ server }) => server.name === 'Middle')?.since;
  // Heard last before it broke, or missed first after it.
  assert.ok(typeof since === 'string' && Math.abs(Date.parse(since) - brokenAt.getTime()) < 60_000, verdict);
  assert.match(verdict, REFUSED['key-unavailable'].middleCannotReach);
  assert.ok(nextStep.includes('Middle'), nextStep);
}

/** The same for the device at the leaf that asks for a key of elsewhere: it is told the truth, by its own server. */
export async function lookupNamesTheLine({ work }: NetworkTree): Promise<void> {
  const claim = claimToText(new Uint8Array(randomBytes(16)));
  const answer = await work.Leaf.device.calls.call('deviceLookup', { id: randomUUID(), claim });
  assert.equal(answer.outcome, 'not-found');
  assert.deepEqual(
    [answer.reason, answer.at.name, answer.asked.map(({ name }) => name)],
    ['primary-unreachable', 'Middle', ['Leaf', 'Middle']],
  );
  assert.equal(typeof answer.since, 'string');
}

/** The line between leaf and middle is well, and nothing else is said of it. */
export async function leafStaysConnected({ leaf }: NetworkTree): Promise<void> {
  const { state, problem } = await leaf.primary();
  assert.deepEqual([state, problem], ['connected', null]);
}
