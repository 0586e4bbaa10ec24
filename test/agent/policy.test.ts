/**
 * A device does what its group's policy says of its drives, and says where it is not so and what mends it: at the next
 * heartbeat, and while its server is away. It never formats or decrypts by itself.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDriveForDevice } from '#agent/drive-commands.ts';
import { drivesHere } from '#agent/drives-here.ts';
import { currentFileIdentity } from '#agent/file-identity.ts';
import { keepPolicy, readPolicy } from '#agent/policy/kept-policy.ts';
import { agentStatus } from '#agent/status.ts';
import { openAgent } from '#test/support/agent-in-process.ts';
import { openServer } from '#test/support/server-in-process.ts';
import { digestOf, image, MIB } from './drives/images.ts';
import { disk, listingOf } from './listed-drives.ts';
import { adopt, encrypted } from './others-volume.ts';
import { setPolicy } from './ruled-device.ts';
import { unlessInstalled } from './system-tools.ts';

const DAY_MS = 24 * 3_600_000;
const skip = unlessInstalled('cryptsetup');
const { signal } = new AbortController();
const ESP = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';

/** A machine with an encrypted disk, a plain one, a boot partition, and an encrypted stick. */
async function machine() {
  const server = await openServer('Oslo');
  const paths = {
    locked: encrypted(),
    plain: image(32 * MIB),
    boot: image(32 * MIB),
    stick: encrypted(),
    old: encrypted('--type=luks1'),
  };
  const folders = listingOf([
    disk(paths.locked),
    disk(paths.plain),
    disk(paths.old),
    disk(paths.boot, { parttype: ESP }),
    disk(paths.stick, { rm: true, serial: 'S7' }),
  ]);
  const agent = openAgent(0, folders);
  await agent.enrolWith(server);
  const states = async () =>
    Object.fromEntries(
      (await drivesHere(agent.ports, { signal, folders })).map(({ path, state, problem, demanded }) => [
        Object.entries(paths).find(([, one]) => one === path)![0],
        [state, problem?.step?.name, demanded],
      ]),
    );
  return { server, agent, paths, states };
}

test('what a policy demands of fixed drives is named where it is not so, and done once a person did it', {
  skip,
}, async () => {
  const { server, agent, paths, states } = await machine();
  await agent.heartbeat();
  const before = await states();
  assert.deepEqual(before['locked'], ['encrypted without rule', undefined, undefined]);
  const bytes = digestOf(paths.plain);
  await setPolicy(server, { fixedDrives: 'require' });
  await agent.heartbeat();
  assert.deepEqual(await states(), {
    locked: ['error', 'adopt-by-policy', true],
    plain: ['error', 'encrypt-by-policy', true],
    // Nobody is told to erase it.
    old: ['error', 'convert-by-policy', true],
    boot: ['no rule', undefined, undefined],
    stick: ['encrypted without rule', undefined, undefined],
  });
  assert.equal(digestOf(paths.plain), bytes, 'it never formats');
  const { device } = await server.call('showDevice', { id: agent.ports.state.requireDevice().id });
  assert.deepEqual(
    device.drives,
    { drives: 5, demanded: 3, proved: 0, problems: 3 },
    'told with the heartbeat that brought the policy',
  );
  await adopt(agent, paths.locked);
  await agent.heartbeat();
  assert.deepEqual((await states())['locked'], ['done', undefined, true]);
  await setPolicy(server, { fixedDrives: 'take-into-custody' });
  await agent.heartbeat();
  const after = await states();
  assert.deepEqual(
    [after['locked']![0], after['plain']![0], after['old']![1]],
    ['done', 'no rule', 'convert-by-policy'],
  );
});

test('a drive in custody with a cipher that the policy does not allow is an error that names both, and no drive is made so', {
  skip,
}, async () => {
  const { server, agent, paths, states } = await machine();
  const half = encrypted('--key-size=256');
  const folders = listingOf([disk(paths.locked), disk(half)]);
  const problems = async () => {
    const seen = await drivesHere(agent.ports, { signal, folders });
    return seen.map(({ state, problem }) => [state, problem?.step?.name]);
  };
  await setPolicy(server, { fixedDrives: 'take-into-custody', driveAlgorithms: ['aes-xts-plain64/512'] });
  await agent.heartbeat();
  assert.deepEqual(
    await problems(),
    [
      ['error', 'adopt-by-policy'],
      ['error', 'adopt-by-policy'],
    ],
    'custody comes first',
  );
  await adopt(agent, paths.locked);
  await adopt(agent, half);
  const bytes = digestOf(half);
  await agent.heartbeat();
  assert.deepEqual(await problems(), [
    ['done', undefined],
    ['error', 'encrypt-anew-by-policy'],
  ]);
  assert.equal(digestOf(half), bytes, 'it encrypts nothing anew');
  const [, other] = await drivesHere(agent.ports, { signal, folders });
  for (const named of ['aes-xts-plain64/256', 'aes-xts-plain64/512'])
    assert.ok(other!.problem!.sentence.includes(named), named);
  assert.deepEqual((await states())['locked'], ['done', undefined, true]);

  await setPolicy(server, { fixedDrives: 'take-into-custody', driveAlgorithms: ['aes-xts-plain64/256'] });
  await agent.heartbeat();
  assert.deepEqual(
    await problems(),
    [
      ['error', undefined],
      ['done', undefined],
    ],
    'no step to a drive that would be wrong as well',
  );
  const [made, keys] = [image(32 * MIB), agent.ports.state.keys().length];
  const format = { path: made, label: undefined, erase: false };
  const empty = digestOf(made);
  await assert.rejects(formatDriveForDevice(agent.ports, format), { code: 'not-allowed' });
  assert.equal(digestOf(made), empty);
  assert.equal(agent.ports.state.keys().length, keys, 'no key is made for nothing');
  await setPolicy(server, { fixedDrives: 'take-into-custody' });
  await agent.heartbeat();
  assert.ok(
    (await problems()).every(([state]) => state === 'done'),
    'the default restricts nothing',
  );
  await formatDriveForDevice(agent.ports, format);
});

test('a stick that must be encrypted is demanded once it is in custody, by its serial number', {
  skip,
}, async () => {
  const { server, agent, paths, states } = await machine();
  await setPolicy(server, {
    removableExceptions: [{ serial: 'S7', rule: 'encrypt-before-writing' }],
  });
  await adopt(agent, paths.stick);
  await agent.heartbeat();
  assert.deepEqual((await states())['stick'], ['done', undefined, true]);
});

test('of a policy of a later release, what is known is done and what is not is told', { skip }, async () => {
  const { server, agent, states } = await machine();
  await setPolicy(server, { fixedDrives: 'require', colour: 'green', removableDrives: 'burn' });
  await agent.heartbeat();
  assert.equal((await states())['plain']![1], 'encrypt-by-policy');
  const { device } = await server.call('showDevice', { id: agent.ports.state.requireDevice().id });
  for (const setting of ['colour', 'removableDrives']) {
    assert.ok(device.report!.problem!.includes(setting));
    assert.ok(agentStatus(agent.ports).warnings[0]!.includes(setting));
  }
});

test('a policy is fetched once, holds while the server is away, and one that the disk damaged is asked for again', async () => {
  const server = await openServer('Oslo');
  const agent = openAgent();
  await agent.enrolWith(server);
  await setPolicy(server, { proofHours: 3 });
  await agent.heartbeat();
  const { state } = agent.ports;
  assert.equal(readPolicy(state).settings.proofHours, 3);
  const kept = state.get('policy');
  await agent.heartbeat();
  assert.equal(state.get('policy'), kept);
  for (const damaged of ['{', '{"number":-1}', '"x"']) {
    state.set('policy', damaged);
    assert.equal(readPolicy(state).settings.proofHours, 24);
    await agent.heartbeat();
    assert.equal(state.get('policy'), kept);
  }
  keepPolicy(state, { number: 1, digest: '0'.repeat(16), group: 'Oslo', settings: { proofHours: 0 } });
  assert.deepEqual(readPolicy(state).notKnown, [{ setting: 'proofHours', what: 'value' }]);
});

test('files are encrypted for an identity of the kind and age that the policy says, unless a person names the kind', async () => {
  const server = await openServer('Oslo');
  const agent = openAgent();
  await agent.enrolWith(server);
  const identity = async (wanted?: 'age-x25519') => {
    const { keyId } = await currentFileIdentity(agent.ports, wanted, false);
    return (await server.call('showKey', { id: keyId })).key;
  };
  const first = await identity();
  assert.equal(first.algorithm, 'age-mlkem768x25519');
  await setPolicy(server, { fileAlgorithm: 'age-x25519', fileIdentityDays: 2 });
  await agent.heartbeat();
  const second = await identity();
  assert.equal(second.algorithm, 'age-x25519');
  agent.clock.aheadMs = DAY_MS;
  assert.equal((await identity()).id, second.id);
  agent.clock.aheadMs = 2 * DAY_MS + 1000;
  assert.equal((await identity()).replaces, second.id);
  await setPolicy(server, { fileIdentityDays: 2 });
  await agent.heartbeat();
  assert.equal((await identity('age-x25519')).algorithm, 'age-x25519');
});
