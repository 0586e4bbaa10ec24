/** In which order things are shown that have names. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { byName, sortName } from '#domain/name-order.ts';

test('case, accents and forms of one letter make no difference', () => {
  const [composed, decomposed] = ['Z\u00fcrich', 'Zu\u0308rich'];
  for (const name of [composed, decomposed, 'zurich', 'ZURICH', '\uff3aurich'])
    assert.equal(sortName(name), 'zurich');
});

test('things are in order of their names, and of their ids where the names are one', () => {
  const named = ['lyon 2', 'Oslo', '\u00c5rhus', 'Lyon 2', 'bergen'].map((name, id) => ({
    name,
    id: `${id}`,
  }));
  assert.deepEqual(
    named.toSorted(byName).map(({ name }) => name),
    ['\u00c5rhus', 'bergen', 'lyon 2', 'Lyon 2', 'Oslo'],
  );
});

test('whatever a name is, it is sorted by text that a store keeps as it is, no longer than a name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: NAME_LENGTH_MAX }), (name) => {
      const sorted = sortName(name);
      assert.ok(sorted.isWellFormed() && sorted.length <= NAME_LENGTH_MAX);
      assert.equal(Buffer.from(sorted).toString(), sorted);
    }),
  );
  assert.equal(sortName('\ufdfa'.repeat(NAME_LENGTH_MAX)).length, NAME_LENGTH_MAX);
});
