/**
 * The policy of a primary's root group, at servers below: it counts where somebody switched that on, through a link in a
 * demilitarised zone as well, above everything that is said there, and is gone at once when it is switched off.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOT_GROUP } from '#domain/group.ts';
import type { AnswerOf } from '#protocol/machine-routes.ts';
import { playSecondary } from '#test/support/played-secondary.ts';
import { joinInProcess, openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

const root = await openServer('Root', { heartbeats: false });
const branch = await openServer('Branch', { heartbeats: false });
const depot = await openServer('Depot', { heartbeats: false });
await joinInProcess(branch, root);
await joinInProcess(depot, branch);

const set = (server: ServerInProcess, policy: Record<string, unknown>) =>
  server.call('setPolicy', { id: ROOT_GROUP, policy });
async function holds(server: ServerInProcess): Promise<Record<string, unknown>> {
  const { settings } = await server.call('showPolicy', { id: ROOT_GROUP });
  return Object.fromEntries(
    settings.filter(({ from }) => from.kind !== 'default').map(({ setting, value }) => [setting, value]),
  );
}

test('a policy set at the primary counts below only where it is taken, and there at once', async () => {
  await set(root, { proofHours: 6, headerBackup: true, locked: ['proofHours'] });
  await set(branch, { proofHours: 12, fixedDrives: 'require' });
  await branch.call('heartbeatNow', {});
  assert.deepEqual(await holds(branch), { proofHours: 12, fixedDrives: 'require' }, 'off by default');
  const { takePolicy } = await branch.call('changeSettings', { takePolicy: true });
  assert.equal(takePolicy, true);
  assert.deepEqual(await holds(branch), { proofHours: 6, headerBackup: true, fixedDrives: 'require' });
  const { settings, overruled } = await branch.call('showPolicy', { id: ROOT_GROUP });
  const taken = settings.find(({ setting }) => setting === 'headerBackup')!;
  assert.deepEqual(taken.from, { kind: 'primary', id: root.name.id, name: 'Root' });
  assert.equal(overruled[0]!.by.name, 'Root', 'locked by the primary');
  await assert.rejects(set(branch, { proofHours: 3 }), { code: 'policy-invalid' });
  const [event] = await branch.events('policy-taken');
  assert.equal(event!['primary'], root.name.id);
});

test('it goes further down, and a change follows with the next heartbeat', async () => {
  await depot.call('changeSettings', { takePolicy: true });
  assert.equal((await holds(depot))['proofHours'], 6);
  await set(root, { proofHours: 2 });
  await branch.call('heartbeatNow', {});
  await depot.call('heartbeatNow', {});
  assert.equal((await holds(depot))['proofHours'], 12, 'no longer locked: the branch says 12');
  await set(branch, {});
  await depot.call('heartbeatNow', {});
  assert.equal((await holds(depot))['proofHours'], 2);
});

test('it is sent once, not with every heartbeat', async () => {
  await branch.call('heartbeatNow', {});
  const before = (await branch.events('policy-taken')).length;
  await branch.call('heartbeatNow', {});
  assert.equal((await branch.events('policy-taken')).length, before);
});

test('it crosses a link in a demilitarised zone: it is no key', async () => {
  await root.call('setServer', { id: 'Branch', dmz: true });
  await set(root, { proofHours: 3 });
  await branch.call('heartbeatNow', {});
  assert.equal((await holds(branch))['proofHours'], 3);
  await root.call('setServer', { id: 'Branch', dmz: false });
});

test('switched off it is gone at once, and its number rises; so it is when the primary is left', async () => {
  const before = await branch.call('showPolicy', { id: ROOT_GROUP });
  await branch.call('changeSettings', { takePolicy: false });
  const after = await branch.call('showPolicy', { id: ROOT_GROUP });
  assert.deepEqual(await holds(branch), {});
  assert.ok(after.number > before.number);
  await branch.call('changeSettings', { takePolicy: true });
  assert.equal((await holds(branch))['proofHours'], 3);
  await branch.call('leaveHierarchy', {});
  assert.deepEqual(await holds(branch), {});
});

test('a secondary of an earlier release, or one that takes none, is sent none', async () => {
  const lyon = await playSecondary(root, 'Lyon');
  const told = async (policy?: { number: number }): Promise<unknown> => {
    const answer = (await lyon.heartbeat(policy === undefined ? {} : { policy })) as AnswerOf<'heartbeat'>;
    return answer.policy?.document['proofHours'];
  };
  assert.equal(await told(), undefined);
  assert.equal(await told({ number: 0 }), 3);
});
