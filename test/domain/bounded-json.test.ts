/** JSON within bounds: what is over a bound is never parsed, what is within is parsed as it would be without them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { givesNameTwice, JsonCount, JsonOutOfBounds, parseJson } from '#domain/bounded-json.ts';

const WIDE = { length: 1_000_000, depth: 1_000_000, values: 1_000_000 };

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function valuesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, one) => sum + valuesOf(one), 1);
}

test('whatever JSON says, it is taken within its own depth and refused one below', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom('', ' ', '\n\t'), (json, space) => {
      const value: unknown = JSON.parse(json);
      const text = JSON.stringify(value, null, space);
      const depth = depthOf(value);
      assert.deepEqual(parseJson(text, { ...WIDE, depth, length: text.length }), value);
      if (depth > 0)
        assert.throws(() => parseJson(text, { ...WIDE, depth: depth - 1 }), JsonOutOfBounds, text);
      assert.throws(() => parseJson(text, { ...WIDE, length: text.length - 1 }), JsonOutOfBounds);
    }),
  );
});

test('never more values are parsed than the bound, and never fewer refused than twice as many', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => {
      const values = valuesOf(JSON.parse(text));
      if (values > 1)
        assert.throws(() => parseJson(text, { ...WIDE, values: values - 1 }), JsonOutOfBounds, text);
      // What is empty counts for one more: it could have held one.
      assert.doesNotThrow(() => parseJson(text, { ...WIDE, values: 2 * values }), text);
    }),
  );
});

test('brackets, commas and quotes in texts count for nothing', () => {
  for (const text of ['[[[[,,,,{{{', '"', '\\', '\\"', '\\\\"[', '"[,', ']]]}}}', '\u2028"\\']) {
    const json = JSON.stringify({ [text]: text });
    assert.deepEqual(parseJson(json, { length: 100, depth: 1, values: 2 }), { [text]: text }, json);
  }
});

test('a text counts the same, in whatever pieces it arrives', () => {
  const count = (pieces: readonly string[]): number => {
    const counted = new JsonCount(WIDE);
    for (const piece of pieces) counted.take(piece);
    return counted.values;
  };
  const Text = fc.oneof(
    fc.json({ maxDepth: 4 }),
    fc.string({ unit: fc.constantFrom('"', '\\', '[', ']', '{', '}', ',', 'a', 'ü') }),
  );
  fc.assert(
    fc.property(Text, fc.integer({ min: 1, max: 4 }), (text, units) => {
      const pieces = text.match(new RegExp(`[^]{1,${units}}`, 'g')) ?? [];
      assert.equal(count(pieces), count([text]), text);
      // Bytes, one unit for each: the parser takes the same text.
      assert.equal(count([Buffer.from(text).toString('latin1')]), count([text]), text);
    }),
    { numRuns: 500 },
  );
});

test('a text that arrives in pieces is refused at the first piece over a bound', () => {
  for (const [bounds, fits, over] of [
    [{ ...WIDE, depth: 2 }, '[["[[', '"],['],
    [{ ...WIDE, values: 3 }, '{"a,b":1', ',"c":2,'],
    [{ ...WIDE, length: 4 }, '    ', ' '],
  ] as const) {
    const counted = new JsonCount(bounds);
    for (const unit of fits) counted.take(unit);
    assert.throws(() => counted.take(`${over}[`), JsonOutOfBounds, fits);
  }
});

test('what is no JSON is refused by the parser, whatever was counted', () => {
  for (const text of [
    '',
    '"',
    '"\\',
    '"\\"',
    '[',
    ']',
    ']]]][[[[',
    '{"a":1,}',
    '[1,2',
    '\\"[',
    'nul',
    '[]]',
  ]) {
    assert.throws(() => parseJson(text, WIDE), SyntaxError, text);
  }
});

test('a refusal quotes nothing of the text', () => {
  const secret = 'x'.repeat(50);
  for (const bounds of [
    { ...WIDE, length: 10 },
    { ...WIDE, depth: 0 },
    { ...WIDE, values: 1 },
  ]) {
    assert.throws(
      () => parseJson(`["${secret}"]`, bounds),
      (error: Error) => error instanceof JsonOutOfBounds && !error.message.includes('x'),
    );
  }
});

test('a name that means something to objects is a field like any other', () => {
  const value = parseJson('{"__proto__":{"admin":true},"a":1,"a":2}', WIDE) as Record<string, unknown>;
  assert.equal(value['admin'], undefined);
  assert.equal(value['a'], 2);
});

test('a name that is given twice is found, and nothing else is', () => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"b":[],"\\u0061":2}',
    '[{},{"b":{"a":[],"a":{}}}]',
    '{"a":[1,{"b":2}],"a":1}',
  ])
    assert.ok(givesNameTwice(text, JSON.parse(text)), text);
  fc.assert(
    fc.property(fc.json(), fc.integer({ min: 0, max: 2 }), (text, indent) => {
      const value: unknown = JSON.parse(text);
      assert.equal(givesNameTwice(JSON.stringify(value, null, indent), value), false);
    }),
  );
});
