/** What a seal is bound to: no two lists of parts have one spelling. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { associate } from '#crypto/associated.ts';

void test('no text can be moved over the border between purpose and the rest', () => {
  assert.notDeepEqual(associate('a', 'bc'), associate('ab', 'c'));
  assert.notDeepEqual(associate('', '1:a'), associate('1', ':a'));
  const text = fc.string({ unit: fc.constantFrom('0', '1', '2', ':', 'a', 'é', '😀'), maxLength: 24 });
  fc.assert(
    fc.property(text, fc.nat(24), fc.nat(24), (whole, one, other) => {
      fc.pre(Math.min(one, whole.length) !== Math.min(other, whole.length));
      const cut = (at: number) => [whole.slice(0, at), whole.slice(at)] as const;
      fc.pre([...cut(one), ...cut(other)].every((part) => part.isWellFormed()));
      assert.notDeepEqual(associate(...cut(one)), associate(...cut(other)));
    }),
  );
});

void test('different pairs give different bytes', () => {
  const text = fc.string({ unit: fc.constantFrom('0', '1', '2', '3', ':', 'a'), maxLength: 4 });
  fc.assert(
    fc.property(text, text, text, text, (purpose, rest, otherPurpose, otherRest) => {
      const same = purpose === otherPurpose && rest === otherRest;
      assert.equal(associate(purpose, rest).equals(associate(otherPurpose, otherRest)), same);
    }),
    { numRuns: 2000 },
  );
});

void test('text that would read back as other text is refused before anything is sealed with it', () => {
  assert.throws(() => associate('keys', 'drive \ud800'), /well-formed/);
  assert.throws(() => associate('keys\udc00', 'drive'), /well-formed/);
});
