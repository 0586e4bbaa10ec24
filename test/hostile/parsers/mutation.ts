/**
 * Inputs for parsers: what is valid, changed as chance, a careless tool or an attacker would; and plain noise. A change
 * keeps most of an input as it is, so that it comes past the first look.
 */
import * as fc from 'fast-check';

/** What stands in for a value of JSON. */
const NASTY: readonly string[] = [
  'null',
  'true',
  '0',
  '-1',
  '1e400',
  '9007199254740993',
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"__proto__"',
  '{}',
  '[]',
  '[[[[[[[[]]]]]]]]',
  '{"__proto__":{"a":1}}',
  '{"length":1e9}',
  '[null]',
  '"2026-13-45T99:99:99.999Z"',
  `"${'x'.repeat(300)}"`,
];
const JSON_VALUE = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null/g;

export interface Change {
  readonly kind: (typeof KINDS)[number];
  readonly at: number;
  readonly bytes: Uint8Array;
}

const KINDS = ['flip', 'set', 'cut', 'insert', 'remove', 'repeat', 'swap-value', 'take-value'] as const;

const change: fc.Arbitrary<Change> = fc.record(
  {
    kind: fc.constantFrom(...KINDS),
    at: fc.nat({ max: 0x7fffffff }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
  },
  { noNullPrototype: true },
);

/** The n-th value of a text of JSON becomes another; one it has itself, or a nasty one. */
function swapValue(text: string, { kind, at, bytes }: Change): string {
  const values = [...text.matchAll(JSON_VALUE)];
  const value = values[at % Math.max(values.length, 1)];
  if (value === undefined) return text;
  const other =
    kind === 'swap-value' ? NASTY[bytes[0]! % NASTY.length]! : values[bytes[0]! % values.length]![0];
  return text.slice(0, value.index) + other + text.slice(value.index + value[0].length);
}

function changed(input: Buffer, one: Change): Buffer {
  const { kind, at, bytes } = one;
  const place = at % Math.max(input.length, 1);
  const [front, back] = [input.subarray(0, place), input.subarray(place)];
  switch (kind) {
    case 'flip':
    case 'set': {
      const copy = Buffer.from(input);
      if (copy.length > 0) copy[place] = kind === 'set' ? bytes[0]! : copy[place]! ^ (1 << (bytes[0]! % 8));
      return copy;
    }
    case 'cut':
      return Buffer.from(front);
    case 'insert':
      return Buffer.concat([front, bytes, back]);
    case 'remove':
      return Buffer.concat([front, back.subarray(bytes.length)]);
    case 'repeat':
      return Buffer.concat([front, back.subarray(0, 64), back]);
    case 'swap-value':
    case 'take-value':
      return Buffer.from(swapValue(input.toString('latin1'), one), 'latin1');
  }
}

/** Mostly one of these with one to three changes; now and then noise of up to 2 KiB. */
export function inputsLike(valid: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const noise = fc.uint8Array({ maxLength: 2048 }).map((bytes) => Buffer.from(bytes));
  const like = fc
    .tuple(fc.nat({ max: valid.length - 1 }), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([index, changes]) => changes.reduce(changed, valid[index]!));
  return fc.oneof({ arbitrary: like, weight: 15 }, { arbitrary: noise, weight: 1 });
}
