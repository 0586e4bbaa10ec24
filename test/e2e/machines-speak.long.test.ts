/** How our own programs speak to one another, seen from a line between them. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { decodeInvitation, encodeInvitation } from '#domain/invitation.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import { eventually } from '#test/support/eventually.ts';
import { organisation, refusedWith, type Server, setOption } from '#test/support/organisation.ts';
import { openProxy } from '#test/transport/recording-proxy.ts';

/** IANA's number of the hybrid group X25519MLKEM768. */
const X25519MLKEM768 = 0x11ec;
const place = organisation('machines-speak');
let oslo: Server;
let lyon: Server;

before(async () => {
  [oslo, lyon] = await Promise.all([place.server('Oslo'), place.server('Lyon')]);
});

/** The same invitation, leading over the line. */
function over(address: string, invitation: string): string {
  return encodeInvitation({ ...decodeInvitation(invitation), addresses: [address] });
}

test('agent and server, secondary and primary agree on the post-quantum hybrid group', async (context) => {
  const line = await openProxy(context, oslo.listen);
  const device = place.device('laptop');
  const forDevice = await oslo.call('inviteDevice', {});
  await device.done(['enrol', '-'], over(line.address, forDevice.invitation));
  const forLyon = await oslo.call('inviteSecondary', {});
  await lyon.done(['hierarchy', 'join', '-'], over(line.address, forLyon.invitation));
  assert.ok(line.groups.length >= 2);
  assert.deepEqual(new Set(line.groups), new Set([X25519MLKEM768]));
});

test('a line that is cut in silence ends in a clear refusal, and the next try goes through', async (context) => {
  const line = await openProxy(context, oslo.listen);
  const device = place.device('silent');
  const { invitation } = await oslo.call('inviteDevice', {});
  line.fallSilent();
  const sentence = refusedWith(
    await device.run(['enrol', '-', '--json'], over(line.address, invitation)),
    'server-unreachable',
  );
  assert.match(sentence, REFUSED['server-unreachable'].checkThatItRuns);
  await device.done(['enrol', '-'], invitation);
});

test('a new invitation of the same primary renews its address, where it moved', async (context) => {
  const line = await openProxy(context, oslo.listen);
  const { invitation } = await oslo.call('inviteSecondary', {});
  const again = await lyon.run(['hierarchy', 'join', '-'], over(line.address, invitation));
  assert.equal(again.status, 0, again.stderr);
  const told = SHOWN.addressRenewed;
  assert.equal(told.exec(again.stdout)?.[1], oslo.listen);
  assert.doesNotMatch(again.stdout, /\bnow\b/, 'nothing begins with it');
  await setOption(true, oslo, lyon);
  await lyon.heartbeat();
  assert.equal((await lyon.call('serverStatus', {})).primary?.state, 'connected');
});

test('a wrong, foreign or expired invitation is refused at the command line with its next step', async () => {
  const device = place.device('uninvited');
  const { invitation: forServer } = await oslo.call('inviteSecondary', {});
  const { invitation: forDevice } = await oslo.call('inviteDevice', {});
  const { invitation: short } = await oslo.call('inviteDevice', { expiresMs: 1000 });
  const wrong = [
    device.run(['enrol', '-', '--json'], 'hello'),
    device.run(['enrol', '-', '--json'], forDevice.slice(0, -3)),
    device.run(['enrol', '-', '--json'], forServer),
    lyon.run(['hierarchy', 'join', '-', '--json'], forDevice),
  ];
  for (const ran of wrong) {
    const sentence = refusedWith(await ran, 'invitation-invalid');
    assert.match(sentence, /; /, 'it names the next step');
    assert.ok(!sentence.includes(forDevice) && !sentence.includes(forServer));
  }
  await eventually('it expired', () => Date.now() > Date.parse(decodeInvitation(short).expiresAt) + 500);
  refusedWith(await device.run(['enrol', '-', '--json'], short), 'invitation-expired');
  const asArgument = await device.run(['enrol', forDevice, '--json']);
  assert.deepEqual([asArgument.status, asArgument.stdout], [2, '']);
  assert.ok(!asArgument.stderr.includes(forDevice), 'nor is it repeated');
  await device.done(['enrol', '-'], forDevice);
});
