/** Tables that line up, whatever other machines call themselves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { columns, printable, table } from '#cli/table.ts';

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
  assert.equal(line, 'evil\ufffd[2J\ufffdname  \ufffd\ufffdx');
});

test('nothing unprintable comes through', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(printable(text), /[\u0000-\u001f\u007f-\u009f]/);
    }),
  );
});
