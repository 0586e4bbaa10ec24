/** The agent's heartbeat, with a real server in this process. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { agentStatus } from '#agent/status.ts';
import { claimToText } from '#domain/claim.ts';
import { BUDGETS_DEFAULT } from '#server/members/member-budgets.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import { openAgent } from '#test/support/agent-in-process.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';
import { makeSomeKey } from '#test/support/some-key.ts';

/** Made, and never acknowledged. */
function pendingKey(server: ServerInProcess, deviceId: string) {
  const { key, material, blind, claim } = makeSomeKey({
    device: { id: deviceId, name: 'device' },
    origin: server.name.id,
  });
  const { id, kind } = key;
  return { id, kind, custody: 'pending' as const, claim: claimToText(claim), record: key, material, blind };
}

test('a key that the server refuses keeps neither other keys nor the heartbeat back, and is told of', async () => {
  const server = await openServer('Oslo');
  const agent = openAgent();
  await agent.enrolWith(server);
  const { state } = agent.ports;
  const foreign = pendingKey(server, randomUUID());
  const own = [0, 1].map(() => pendingKey(server, state.requireDevice().id));
  for (const key of [own[0]!, foreign, own[1]!]) state.putKey(key);
  await agent.heartbeat();
  assert.deepEqual(
    [own[0]!, foreign, own[1]!].map(({ id }) => state.key(id)?.custody),
    ['made', 'pending', 'made'],
  );
  assert.match(agentStatus(agent.ports).warnings[0]!, SHOWN.troubleAtTheLastHeartbeat);
  assert.equal((await server.call('listDevices', {})).devices[0]?.keys, 2);
});

test('where its budget is used up a device offers one key, not all that wait, and is told for how long', async () => {
  const server = await openServer('Oslo', { budgets: { ...BUDGETS_DEFAULT, deviceRecordsAnHour: 2 } });
  const agent = openAgent();
  await agent.enrolWith(server);
  const { state } = agent.ports;
  const keys = Array.from({ length: 5 }, () => pendingKey(server, state.requireDevice().id));
  for (const key of keys) state.putKey(key);
  const inCustody = () => keys.filter(({ id }) => state.key(id)?.custody === 'made').length;
  await agent.heartbeat();
  assert.equal(inCustody(), 2);
  assert.match(agentStatus(agent.ports).warnings[0]!, SHOWN.tryAgainInHalfAnHour);
  server.clock.aheadMs += 1_801_000;
  await agent.heartbeat();
  assert.equal(inCustody(), 3);
  assert.deepEqual(
    (await server.events('call-refused')).map(({ code }) => code),
    ['later', 'later'],
    'once at each heartbeat',
  );
  assert.deepEqual(await server.events('refusals-counted'), []);
});
