/**
 * Parses foreign JSON within bounds: the one place in Keystair that parses JSON (a house rule).
 *
 * Invariant: length, depth and number of values are checked before the parser sees the text, so no schema and no reader
 * meets more than its bounds allow. Counting is one pass over the text, about a microsecond for four messages.
 *
 * Where a name is given twice, the last one counts, unless the reader asks `givesNameTwice`. `__proto__` is a name like
 * any other: readers take fields by name.
 */

export interface JsonBounds {
  /** In UTF-16 units, so at most the number of bytes. */
  readonly length: number;
  /** Nesting of objects and arrays. */
  readonly depth: number;
  /** Elements and fields, and one for the whole. */
  readonly values: number;
}

/** Its message quotes nothing of the text, unlike the parser's. */
export class JsonOutOfBounds extends SyntaxError {}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const ARRAY = 0x5b;
const ARRAY_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

/** Throws `JsonOutOfBounds`, or the parser's `SyntaxError`, whose message may quote the text. */
export function parseJson(text: string, bounds: JsonBounds): unknown {
  if (text.length > bounds.length) {
    throw new JsonOutOfBounds(`more than ${bounds.length} characters`);
  }
  count(text, bounds);
  return JSON.parse(text);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param value what was parsed from the text: the parser kept one of both values, so the text counts more. */
export function givesNameTwice(text: string, value: unknown): boolean {
  return count(text, { depth: Infinity, values: Infinity }) !== 1 + valuesWithin(value);
}

/** Counts as `count` does: an empty object or array as if it held one value. */
function valuesWithin(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const held: unknown[] = Object.values(value);
  return held.reduce<number>((sum, one) => sum + valuesWithin(one), Math.max(1, held.length));
}

/**
 * The number of values. Exact for any text that the parser accepts; a text that it refuses may be miscounted, and is
 * refused anyway.
 */
function count(text: string, { depth, values }: Omit<JsonBounds, 'length'>): number {
  let open = 0;
  // One for the whole, one for each opening bracket, which may hold a first value, one for each comma, which another
  // follows.
  let found = 1;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case ARRAY:
      case OBJECT:
        open += 1;
        if (open > depth)
          throw new JsonOutOfBounds(`more than ${depth} objects and arrays within one another`);
        found += 1;
        if (found > values) throw new JsonOutOfBounds(`more than ${values} values`);
        break;
      case ARRAY_END:
      case OBJECT_END:
        open -= 1;
        break;
      case COMMA:
        found += 1;
        if (found > values) throw new JsonOutOfBounds(`more than ${values} values`);
        break;
      default:
    }
  }
  return found;
}

/** The position of the quote that ends a string, or the end of the text where there is none. */
function endOfString(text: string, start: number): number {
  let at = start;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at === -1) return text.length;
    let before = at - 1;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    // Backslashes in an even number escape one another.
    if ((at - before) % 2 === 1) return at;
  }
}
