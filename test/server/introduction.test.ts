/** What neighbours tell each other of themselves: an export is sealed to whom it is meant for, and to nobody in between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playSecondary } from '#test/support/played-secondary.ts';
import { openServer } from '#test/support/server-in-process.ts';
import { toldServer } from '#test/support/told-servers.ts';

const RECIPIENT = `age1${'q'.repeat(58)}`;

test('an export can be sealed to a secondary that told its recipient, and not to one that another told of', async () => {
  const root = await openServer('Root');
  const lyon = await playSecondary(root, 'Lyon');
  await lyon.heartbeat({ name: 'Lyon' });
  assert.deepEqual((await root.call('showHierarchy', {})).sealable, []);
  const below = { ...toldServer('Depot'), recipient: RECIPIENT };
  await lyon.heartbeat({ name: 'Lyon', recipient: RECIPIENT, tree: [below], treeDigest: '1'.repeat(16) });
  const { sealable, secondaries } = await root.call('showHierarchy', {});
  assert.deepEqual(
    sealable.map(({ name }) => name),
    ['Lyon'],
  );
  assert.equal(secondaries[0]!.secondaries[0]!.name, 'Depot');
  await assert.rejects(root.call('startExport', { server: 'Depot' }), { code: 'not-found' });
});

test('a console is told over TLS only, and through the tree', async () => {
  const root = await openServer('Root');
  const lyon = await playSecondary(root, 'Lyon');
  const depot = toldServer('Depot', { console: 'https://depot.example:8444' });
  await lyon.heartbeat({ console: 'https://lyon.example:8444', tree: [depot], treeDigest: '1'.repeat(16) });
  const [shown] = (await root.call('showHierarchy', {})).secondaries;
  assert.equal(shown!.console, 'https://lyon.example:8444');
  assert.equal(shown!.secondaries[0]!.console, 'https://depot.example:8444');
  for (const console of ['http://lyon.example', 'javascript:alert(1)', 'https://lyon.example/page'])
    await assert.rejects(lyon.heartbeat({ console }), console);
});
