/** A device that asks to change its server and stays: what it is told, with real servers in this process. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureWords } from '#cli/next-steps.ts';
import { enrol } from '#agent/enrol.ts';
import { claimToText } from '#domain/claim.ts';
import { openAgent } from '#test/support/agent-in-process.ts';
import { joinInProcess, openServer, switchOption } from '#test/support/server-in-process.ts';
import { makeSomeKey } from '#test/support/some-key.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { UNAVAILABLE } from '#test/sentences/unavailable.ts';

const OFF_ABOVE =
  'the option "Use hierarchy of Administration Servers to obtain encryption keys" is off at Above';

/** A device below, whose two keys do not climb: the option is off above. */
async function heldBelow() {
  const [above, below] = await Promise.all([openServer('Above'), openServer('Below')]);
  await switchOption(true, below);
  await joinInProcess(below, above);
  const agent = openAgent();
  await agent.enrolWith(below);
  const keys = [await agent.makeKey(), await agent.makeKey()] as const;
  return { above, below, agent, keys };
}

test('where the keys cannot come because the option is off at the new server itself, it names option and command', async () => {
  const { above, below, agent, keys } = await heldBelow();
  const { stays, missing, server } = await agent.enrolWith(above);
  assert.equal(server.name, 'Below');
  const { message = '', nextSteps = [] } = stays ?? {};
  const stayed = 'the device stays with Below: Above lacks 2 of its keys, because ';
  assert.ok(message.startsWith(`${stayed}${OFF_ABOVE}`), message);
  assert.deepEqual(nextSteps[0], { name: 'use-hierarchy', details: { server: 'Above' } });
  assert.deepEqual(missing.map(({ id }) => id).toSorted(), keys.toSorted());
  for (const { because } of missing) assert.ok(because.startsWith(OFF_ABOVE), because);
  const explained = await above.call('explainKey', { id: keys[0] });
  assert.ok(explained.verdict.startsWith(OFF_ABOVE), 'an administrator is told the same');

  // What it named mends it.
  await switchOption(true, above);
  await below.call('heartbeatNow', {});
  assert.deepEqual((await agent.enrolWith(above)).keys, { needed: 2, obtained: 2, missing: [] });
});

test('keys that are missing for different reasons are told each with its own, and every step that mends one', async () => {
  const { above, agent, keys } = await heldBelow();
  const opened = makeSomeKey();
  await above.record(opened);
  const { id, kind } = opened.key;
  const claim = claimToText(new Uint8Array(16));
  agent.ports.state.putKey({ id, kind, custody: 'opened', claim, record: null, material: null, blind: null });
  const { stays, missing } = await agent.enrolWith(above);
  const reasons = new Map(missing.map((one) => [one.id, one.because]));
  assert.match(reasons.get(id) ?? '', UNAVAILABLE.wrongClaimAbove);
  for (const key of keys) assert.ok(reasons.get(key)?.startsWith(OFF_ABOVE));
  assert.match(stays?.message ?? '', REFUSED['device-stays'].threeForTwoReasons);
  assert.match(failureWords(stays!), REFUSED['device-stays'].bothSteps);
});

test('a server with nobody above or below is not told to switch an option that would bring nothing', async () => {
  const [old, alone] = await Promise.all([openServer('Old'), openServer('Alone')]);
  const agent = openAgent();
  await agent.enrolWith(old);
  await agent.makeKey();
  const { stays } = await agent.enrolWith(alone);
  assert.match(stays?.message ?? '', REFUSED['device-stays'].nobodyHasIt);
});

test('a name is taken with the answer, and not where the device is refused or stays', async () => {
  const [old, alone] = await Promise.all([openServer('Old'), openServer('Alone')]);
  const agent = openAgent();
  const { ports } = agent;
  const nameNow = () => ports.state.requireDevice().name;
  const spent = (await old.call('inviteDevice', {})).invitation;
  await enrol(openAgent().ports, { invitation: spent, name: 'Another' });
  await assert.rejects(enrol(ports, { invitation: spent, name: 'Never' }), { code: 'invitation-used' });
  const { invitation } = await old.call('inviteDevice', {});
  await enrol(ports, { invitation, name: 'Kari' });
  assert.equal(nameNow(), 'Kari');

  await assert.rejects(enrol(ports, { invitation: spent, name: 'X' }), { code: 'invitation-used' });
  await assert.rejects(enrol(ports, { invitation: `${spent}x`, name: 'X' }), { code: 'invitation-invalid' });
  assert.equal(nameNow(), 'Kari');
  await agent.makeKey();
  const away = (await alone.call('inviteDevice', {})).invitation;
  const { stays, device } = await enrol(ports, { invitation: away, name: 'X' });
  assert.ok(stays !== undefined);
  assert.deepEqual([device.name, nameNow()], ['Kari', 'Kari']);

  const again = (await old.call('inviteDevice', {})).invitation;
  assert.equal(
    (await enrol(ports, { invitation: again, name: 'Kari Nordmann' })).device.name,
    'Kari Nordmann',
  );
  assert.equal(nameNow(), 'Kari Nordmann');
});
