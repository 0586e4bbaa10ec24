/** Tables that line up, whatever other machines call themselves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { columns, table } from '#cli/table.ts';
import { readable } from '#domain/name.ts';

test('columns line up under their headings', () => {
  assert.deepEqual(
    table(
      ['Name', 'Keys', 'State'],
      [
        ['Zürich', '12', 'connected'],
        ['Oslo', '3', ''],
      ],
    ),
    ['NAME    KEYS  STATE', 'Zürich  12    connected', 'Oslo    3'],
  );
});

test('a name that holds control characters cannot move the cursor or start a line', () => {
  const [line, ...more] = columns([['evil\u001b[2J\nname', '\u202e\u0085x']]);
  assert.deepEqual(more, []);
  assert.equal(line, String.raw`evil\u{1B}[2J\u{A}name  \u{202E}\u{85}x`);
});

test('nothing unprintable comes through', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(readable(text), /[\u0000-\u001f\u007f-\u009f]/);
    }),
  );
});
