/** What a failed call to the primary leads to: what status says of it, and how soon keys move again. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { claimToText } from '#domain/claim.ts';
import { KeystairError } from '#domain/errors.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import { PrimaryLink } from '#server/hierarchy/primary/primary-link.ts';
import { readPrimary } from '#server/hierarchy/primary/primary-row.ts';
import { openAgent } from '#test/support/agent-in-process.ts';
import { eventually } from '#test/support/eventually.ts';
import { joinInProcess, openServer, switchOption } from '#test/support/server-in-process.ts';
import { SHOWN } from '#test/sentences/shown.ts';

/** Two servers, and a fault between them that a test switches on for some calls. */
async function pairWith(
  fault: (name: string, request: object, calls: MachineCalls) => Promise<never> | undefined,
) {
  const primary = await openServer('Above');
  const secondary = await openServer('Below', {
    between: (calls) => ({
      ...calls,
      call: (name, request, options) => fault(name, request, calls) ?? calls.call(name, request, options),
    }),
  });
  await switchOption(true, primary, secondary);
  await joinInProcess(secondary, primary);
  return { primary, secondary };
}

test('a primary that answers with an error is shown as connected with that problem, and not as out of reach', async () => {
  const state = { garbled: false };
  const { secondary } = await pairWith((name, request, calls) =>
    state.garbled && name === 'heartbeat'
      ? (calls.call('heartbeat', { ...request, epoch: 'none' } as never) as Promise<never>)
      : undefined,
  );
  state.garbled = true;
  await assert.rejects(secondary.call('heartbeatNow', {}), { code: 'request-invalid' });
  const { primary } = await secondary.call('serverStatus', {});
  assert.equal(primary?.state, 'connected');
  assert.match(primary?.problem ?? '', SHOWN.epoch);
  state.garbled = false;
  await secondary.call('heartbeatNow', {});
  assert.equal((await secondary.call('serverStatus', {})).primary?.problem, null);
});

test('after a lookup that failed, new keys do not wait for the regular heartbeat', async () => {
  const state = { broken: false };
  const { primary, secondary } = await pairWith((name) =>
    state.broken && name === 'lookup'
      ? Promise.reject(new KeystairError('server-unreachable', 'the line broke'))
      : undefined,
  );
  const agent = openAgent();
  await agent.enrolWith(secondary);
  state.broken = true;
  const claim = claimToText(new Uint8Array(16));
  const answer = await agent.ask((calls) => calls.call('deviceLookup', { id: randomUUID(), claim }));
  assert.ok(answer.outcome === 'not-found' && answer.reason === 'primary-unreachable');
  const id = await agent.makeKey();
  await eventually('the key has climbed', () => primary.has(id));
});

test('what a primary that was left still answers counts for nothing with the next', async () => {
  const [north, south, branch] = await Promise.all([
    openServer('North'),
    openServer('South'),
    openServer('Branch', { heartbeats: false }),
  ]);
  await switchOption(true, branch);
  await joinInProcess(branch, north);
  const { rows } = branch.repository;
  const { reader } = branch.store;
  const answers = Promise.withResolvers<string>();
  const calls = { call: () => answers.promise } as unknown as MachineCalls;
  const link = new PrimaryLink({ rows, store: branch.store, clock: branch.clock } as never, {
    calls: async () => calls,
    close: () => undefined,
  });
  const left = (await readPrimary(rows, reader))!;
  link.recordReport(left, { useHierarchy: true, dmz: false });
  assert.equal((await link.judge(reader)).verdict, 'open');
  const underWay = link.call(left, false, (made) => made.call('renew', {}));
  await branch.call('leaveHierarchy', {});
  link.forget();
  await joinInProcess(branch, south);
  const next = (await readPrimary(rows, reader))!;
  answers.resolve('what the one that was left says');
  await assert.rejects(underWay, { code: 'link-closed' });
  // It was read before, and is looked at only now.
  link.recordReport(left, { useHierarchy: true, dmz: false });
  assert.deepEqual(await link.judge(reader), { primary: next, verdict: 'not-heard' });
  assert.equal(link.show(next).useHierarchy, false);
});
