/** Names are read by people: what cannot be seen in one is refused where it is given, and escaped where it is shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readable, readableJson, readName } from '#domain/name.ts';

const UNSEEN: Readonly<Record<string, readonly string[]>> = {
  'turns the direction of writing': ['\u202e', '\u202a', '\u2066', '\u2069', '\u200e', '\u200f', '\u061c'],
  'has no width': [
    '\u200b',
    '\u200c',
    '\u200d',
    '\u2060',
    '\ufeff',
    '\u00ad',
    '\u034f',
    '\u{e0041}',
    '\ufe0f',
  ],
  'looks like a space': ['\u00a0', '\u2003', '\u202f', '\u3000', '\u2800', '\u3164', '\u115f', '\uffa0'],
  'is a control': ['\0', '\t', '\n', '\u001b', '\u007f', '\u0085', '\u2028', '\u2029', '\ufff9'],
  'is half a character': ['\ud800', '\udfff'],
};

for (const [what, characters] of Object.entries(UNSEEN)) {
  test(`what ${what} is refused in a name, and escaped where it is shown`, () => {
    for (const character of characters) {
      const code = character.codePointAt(0)!.toString(16).toUpperCase();
      const read = readName(`Os${character}lo`);
      assert.ok('fault' in read && read.fault.includes(`U+${code.padStart(4, '0')}`), code);
      assert.equal(readable(`Os${character}lo`), `Os\\u{${code}}lo`);
    }
  });
}

test('names of all scripts are welcome, in one form however they are composed', () => {
  for (const name of [
    'Z\u00fcrich',
    '\u6771\u4eac \u652f\u5e97',
    '\u05ea\u05dc \u05d0\u05d1\u05d9\u05d1',
    '\u0627\u0644\u0642\u0627\u0647\u0631\u0629',
    '\u0939\u093f\u0928\u094d\u0926\u0940',
    "O'Brien & S\u00f6hne (2)",
    '\u{1f98a} fox \u2764\ufe0f',
    'x\u0323\u0302',
  ]) {
    assert.deepEqual(readName(name), { name: name.normalize('NFC') });
    assert.equal(readable(name), name);
  }
  assert.deepEqual(readName('Zu\u0308rich'), { name: 'Z\u00fcrich' });
});

test('blank and long names are told apart', () => {
  for (const [given, fault] of [
    ['', /blank/],
    ['   ', /blank/],
    ['x'.repeat(256), /255/],
  ] as const) {
    const read = readName(given);
    assert.ok('fault' in read);
    assert.match(read.fault, fault);
  }
});

test('what is shown can be read, and JSON stays the document it was', () => {
  const text = fc.string({ unit: 'binary' });
  fc.assert(fc.property(text, (given) => assert.equal(readable(readable(given)), readable(given))));
  fc.assert(
    fc.property(text, (given) => {
      const json = readableJson(JSON.stringify({ given }));
      assert.equal(readable(json), json);
      assert.deepEqual(JSON.parse(json), { given });
    }),
  );
});
