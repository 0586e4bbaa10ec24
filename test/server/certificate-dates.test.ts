/** Dates are hygiene: certificates renew themselves in time and long after, and clocks may differ. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { claimToText } from '#domain/claim.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { CERTIFICATE_MS } from '#domain/limits.ts';
import { readPrimary } from '#server/hierarchy/primary/primary-row.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { openAgent, type AgentInProcess } from '#test/support/agent-in-process.ts';
import { makeSomeKey } from '#test/support/machine-caller.ts';
import {
  joinInProcess,
  openServer,
  type ServerInProcess,
  switchOption,
} from '#test/support/server-in-process.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

async function officeWithDevice(): Promise<{ server: ServerInProcess; agent: AgentInProcess }> {
  const server = await openServer('Oslo');
  const agent = openAgent();
  await agent.enrolWith(server);
  return { server, agent };
}

/** Time goes by for everybody alike. */
function pass(ms: number, ...clocks: { aheadMs: number }[]): void {
  for (const clock of clocks) clock.aheadMs += ms;
}

function certificateOf(agent: AgentInProcess): X509Certificate {
  return new X509Certificate(agent.ports.state.requireMembership().certificate);
}

async function secondaryCertificate({ repository, store }: ServerInProcess): Promise<X509Certificate> {
  const primary = await readPrimary(repository.rows, store.reader);
  assert.ok(primary !== undefined);
  return new X509Certificate(primary.certificate);
}

function sameKeyLaterDates(before: X509Certificate, after: X509Certificate): void {
  assert.ok(before.publicKey.equals(after.publicKey), 'the key stays');
  assert.ok(after.validToDate > before.validToDate, 'the dates go on');
}

test("a device's certificate is kept for two thirds of its life, and then renewed by itself", async () => {
  const { server, agent } = await officeWithDevice();
  const first = certificateOf(agent);
  pass(10 * DAY_MS, server.clock, agent.clock);
  await agent.heartbeat();
  assert.equal(certificateOf(agent).fingerprint256, first.fingerprint256);
  pass(11 * DAY_MS, server.clock, agent.clock);
  await agent.heartbeat();
  sameKeyLaterDates(first, certificateOf(agent));
  assert.equal((await server.events('certificate-renewed')).length, 1);
});

test('a laptop from a drawer comes back by itself after a year, and its new keys are taken', async () => {
  const { server, agent } = await officeWithDevice();
  const first = certificateOf(agent);
  pass(400 * DAY_MS, server.clock, agent.clock);
  await server.renewLeaf();
  const id = await agent.makeKey();
  assert.ok(await server.has(id));
  sameKeyLaterDates(first, certificateOf(agent));
});

test('a branch cut off for a year comes back by itself, and everything it has goes up', async () => {
  const [primary, secondary] = await Promise.all([openServer('Above'), openServer('Below')]);
  await switchOption(true, primary, secondary);
  await joinInProcess(secondary, primary);
  const first = await secondaryCertificate(secondary);
  const key = makeSomeKey();
  await secondary.record(key);
  pass(400 * DAY_MS, primary.clock, secondary.clock);
  await primary.renewLeaf();
  await secondary.call('heartbeatNow', {});
  assert.ok(await primary.has(key.key.id));
  sameKeyLaterDates(first, await secondaryCertificate(secondary));
});

test("a secondary's certificate is renewed at two thirds of its life", async () => {
  const [primary, secondary] = await Promise.all([openServer('Above'), openServer('Below')]);
  await joinInProcess(secondary, primary);
  const first = await secondaryCertificate(secondary);
  pass(21 * DAY_MS, primary.clock, secondary.clock);
  await secondary.call('heartbeatNow', {});
  sameKeyLaterDates(first, await secondaryCertificate(secondary));
  const renewed = await secondaryCertificate(secondary);
  await secondary.call('heartbeatNow', {});
  assert.equal((await secondaryCertificate(secondary)).fingerprint256, renewed.fingerprint256, 'once');
});

test('a device that was removed meanwhile renews nothing', async () => {
  const { server, agent } = await officeWithDevice();
  const { id } = agent.ports.state.requireDevice();
  await server.call('removeDevice', { id: id });
  pass(CERTIFICATE_MS + DAY_MS, server.clock, agent.clock);
  await server.renewLeaf();
  await assert.rejects(agent.heartbeat(), { code: 'not-a-member' });
  assert.deepEqual(await server.events('certificate-renewed'), []);
});

test("a server's own certificate is replaced while it serves, and calls under way and later go on", async () => {
  const { server, agent } = await officeWithDevice();
  const key = makeSomeKey();
  await server.record(key);
  const lookup = { id: key.key.id, claim: claimToText(key.claim) };
  const outcomes = await agent.ask(async (calls) => {
    const first = await calls.call('deviceLookup', lookup);
    await server.renewLeaf({ dueOrNot: true });
    return [first.outcome, (await calls.call('deviceLookup', lookup)).outcome];
  });
  assert.deepEqual(outcomes, ['found', 'found']);
  assert.equal((await agent.ask((calls) => calls.call('deviceLookup', lookup))).outcome, 'found');
});

test('a server whose certificate lapsed is used for renewal only, and said to be a problem of clocks', async () => {
  const { server, agent } = await officeWithDevice();
  pass(CERTIFICATE_MS + DAY_MS, server.clock, agent.clock);
  // Its own certificate was not renewed: no key is handed to it.
  const refusal = await agent.makeKey().catch((error: unknown) => error);
  assert.ok(refusal instanceof KeystairError);
  assert.equal(codeOf(refusal), 'clock-problem');
  assert.match(refusal.sentence, REFUSED['clock-problem'].compareClocks);
  await server.renewLeaf();
  assert.ok(await server.has(await agent.makeKey()), 'it heals by itself');
});

for (const [who, aheadMs] of [
  ['an hour ahead', HOUR_MS],
  ['an hour behind', -HOUR_MS],
] as const) {
  test(`a secondary and its devices whose clocks stand ${who} work as all others`, async () => {
    const [primary, secondary] = await Promise.all([openServer('Above'), openServer('Below', { aheadMs })]);
    await switchOption(true, primary, secondary);
    await joinInProcess(secondary, primary);
    const agent = openAgent();
    await agent.enrolWith(secondary);
    const up = await agent.makeKey();
    await secondary.call('heartbeatNow', {});
    assert.ok(await primary.has(up), 'up');
    const down = makeSomeKey();
    await primary.record(down);
    const lookup = { id: down.key.id, claim: claimToText(down.claim) };
    const answer = await agent.ask((calls) => calls.call('deviceLookup', lookup));
    assert.equal(answer.outcome, 'found', 'down: the deadline travels as time left');
    const other = openAgent(-aheadMs);
    await other.enrolWith(secondary);
    assert.ok(await secondary.has(await other.makeKey()), 'two hours between device and server');
    assert.equal((await secondary.call('serverStatus', {})).primary?.problem, null);
  });
}

test('a device whose clock is a month wrong is told of its clock, and works when it is set right', async () => {
  const { server, agent } = await officeWithDevice();
  for (const wrong of [45 * DAY_MS, -45 * DAY_MS]) {
    agent.clock.aheadMs = wrong;
    const refusal = await agent.heartbeat().catch((error: unknown) => error);
    assert.equal(codeOf(refusal), 'clock-problem');
  }
  agent.clock.aheadMs = 0;
  assert.equal((await agent.heartbeat()).server.id, server.name.id);
});
