/** Work in turn: one caller has one at a time, and holds up nobody else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InTurn } from '#server/environment/in-turn.ts';

test('of one caller one work runs at a time, in order, and another caller does not wait for it', async () => {
  const turns = new InTurn();
  const begun: string[] = [];
  const first = Promise.withResolvers<void>();
  const works = [
    turns.run('a', async () => {
      begun.push('a1');
      await first.promise;
      throw new Error('it failed');
    }),
    turns.run('a', async () => void begun.push('a2')),
    turns.run('b', async () => void begun.push('b1')),
  ];
  await works[2];
  assert.deepEqual(begun, ['a1', 'b1']);
  first.resolve();
  await assert.rejects(works[0]!, /it failed/);
  await works[1];
  assert.deepEqual(begun, ['a1', 'b1', 'a2']);
});
