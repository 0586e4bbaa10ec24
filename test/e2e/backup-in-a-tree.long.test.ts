/**
 * Servers of a tree that were restored from a backup: what was made behind it comes back from above and from below; and
 * a backup holds what an export holds.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backupPlace } from '#test/support/backup-place.ts';
import { digestOver } from '#test/support/digest-over-keys.ts';
import { makeDirectory } from '#test/support/made-directory.ts';
import { doneJson, joinServers, refusedWith, setOption } from '#test/support/organisation.ts';
import { runKeystair } from '#test/support/run-keystair.ts';

const { place, withPassword, newKey, restored } = backupPlace('backup-in-a-tree');

test('a restored server gets back from its primary what no device can bring, once that is allowed there', async () => {
  const [primary, secondary] = await Promise.all([place.server('Geneva'), place.server('Oslo')]);
  await setOption(true, primary, secondary);
  await joinServers(secondary, primary);
  const device = await place.enrol('lost laptop', secondary);
  await newKey(device);
  const file = place.path('oslo.backup');
  await secondary.done(['server', 'backup', file, ...withPassword]);
  const late = await newKey(device);
  await secondary.heartbeat();
  const digest = [...(await secondary.keyIds())].toSorted();
  await secondary.stop();
  const again = await restored(file, 'oslo-again');
  assert.ok(!(await again.keyIds()).includes(late));
  await again.heartbeat();
  refusedWith(await again.run(['server', 'recover-from-primary']), 'not-allowed');
  await primary.done(['hierarchy', 'allow-recovery', secondary.id]);
  const recovered = await again.done(['server', 'recover-from-primary']);
  assert.equal(recovered['new'], 1);
  assert.deepEqual((await again.keyIds()).toSorted(), digest);
  assert.deepEqual((await again.call('verify', {})).problems, []);
});

test('a primary that was restored has again from its secondaries what it lost, by itself', async () => {
  const [primary, secondary] = await Promise.all([place.server('Basel'), place.server('Chur')]);
  await setOption(true, primary, secondary);
  await joinServers(secondary, primary);
  const device = await place.enrol('chur laptop', secondary);
  const early = await newKey(device);
  await secondary.heartbeat();
  const file = place.path('basel.backup');
  await primary.done(['server', 'backup', file, ...withPassword]);
  const late = [await newKey(device), await newKey(device)];
  await secondary.heartbeat();
  for (const id of late)
    assert.ok((await primary.keyIds()).includes(id), 'it was acknowledged to the secondary');
  const { listen } = primary;
  await primary.stop();
  const data = place.path('basel-again');
  doneJson(await runKeystair(['server', 'restore', file, '--data', data, ...withPassword, '--json']));
  const again = await place.server('Basel', { data, args: ['--listen', listen] });
  const { acknowledgedSeq, transmitted } = await secondary.heartbeat();
  assert.deepEqual((await again.keyIds()).toSorted(), [early, ...late].toSorted());
  assert.deepEqual(
    [acknowledgedSeq, transmitted <= late.length],
    [3, true],
    'only what was lost is sent again',
  );
  assert.deepEqual((await again.call('verify', {})).problems, []);
});

test('restored from a backup, and exported into a new server: the same digest over all keys', async () => {
  const data = place.path('large');
  await makeDirectory(data, 'Large', 3000);
  const large = await place.server('Large', { data });
  await newKey(await place.enrol('large laptop', large));
  const digest = digestOver(data);
  const file = place.path('large.backup');
  await large.done(['server', 'backup', file, ...withPassword]);
  const out = place.path('large.age');
  await large.done(['keys', 'export', '--out', out, ...withPassword]);
  await large.stop();
  const [again, other] = [await restored(file, 'large-again'), await place.server('Other')];
  const imported = await other.done(['keys', 'import', out, ...withPassword]);
  assert.equal(imported['new'], 3001);
  for (const server of [again, other]) {
    assert.equal(digestOver(server.data), digest);
    assert.deepEqual(await server.call('verify', {}), { ok: true, keys: 3001, problems: [], damaged: [] });
  }
});
