/** What a failed call to the primary leads to: what status says of it, and how soon keys move again. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { claimToText } from '#domain/claim.ts';
import { KeystairError } from '#domain/errors.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import { openAgent } from '#test/support/agent-in-process.ts';
import { eventually } from '#test/support/eventually.ts';
import { joinInProcess, openServer, switchOption } from '#test/support/server-in-process.ts';

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
  assert.match(primary?.problem ?? '', /epoch/);
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
