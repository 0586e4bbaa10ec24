/**
 * Parses foreign JSON within bounds: the one place in Keystair that parses JSON (a house rule).
 *
 * Invariant: length, depth and number of values are checked before the parser sees the text, so no schema and no reader
 * meets more than its bounds allow. Counting is one pass over the text, about a microsecond for four messages; what
 * arrives in pieces is counted as it arrives.
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
  new JsonCount(bounds).take(text);
  return JSON.parse(text);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param value what was parsed from the text: the parser kept one of both values, so the text counts more. */
export function givesNameTwice(text: string, value: unknown): boolean {
  const count = new JsonCount({ length: Infinity, depth: Infinity, values: Infinity });
  count.take(text);
  return count.values !== 1 + valuesWithin(value);
}

/** Counts as `JsonCount` does: an empty object or array as if it held one value. */
function valuesWithin(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const held: unknown[] = Object.values(value);
  return held.reduce<number>((sum, one) => sum + valuesWithin(one), Math.max(1, held.length));
}

/**
 * Counts a text that arrives in pieces. Exact for any text that the parser accepts; a text that it refuses may be
 * miscounted, and is refused anyway.
 *
 * All that is counted is ASCII, so bytes are counted as well as characters: as a text with one unit for each.
 */
export class JsonCount {
  readonly #bounds: JsonBounds;
  #length = 0;
  #open = 0;
  // One for the whole, one for each opening bracket, which may hold a first value, one for each comma, which another
  // follows.
  #values = 1;
  #inString = false;
  /** The piece before ended in a string, with a backslash that escapes what comes next. */
  #escapes = false;

  constructor(bounds: JsonBounds) {
    this.#bounds = bounds;
  }

  get values(): number {
    return this.#values;
  }

  /** Throws `JsonOutOfBounds` for the first bound that this piece exceeds. */
  take(piece: string): void {
    this.#length += piece.length;
    if (this.#length > this.#bounds.length)
      throw new JsonOutOfBounds(`more than ${this.#bounds.length} characters`);
    for (let at = this.#inString ? this.#endOfString(piece, 0) : 0; at < piece.length; at += 1) {
      switch (piece.charCodeAt(at)) {
        case QUOTE:
          this.#inString = true;
          at = this.#endOfString(piece, at + 1) - 1;
          break;
        case ARRAY:
        case OBJECT:
          this.#open += 1;
          if (this.#open > this.#bounds.depth)
            throw new JsonOutOfBounds(
              `more than ${this.#bounds.depth} objects and arrays within one another`,
            );
          this.#addValue();
          break;
        case ARRAY_END:
        case OBJECT_END:
          this.#open -= 1;
          break;
        case COMMA:
          this.#addValue();
          break;
        default:
      }
    }
  }

  #addValue(): void {
    this.#values += 1;
    if (this.#values > this.#bounds.values)
      throw new JsonOutOfBounds(`more than ${this.#bounds.values} values`);
  }

  /** The position after the quote that ends the string which goes on at `start`, or the end of the piece. */
  #endOfString(piece: string, start: number): number {
    let from = start;
    for (;;) {
      const quote = piece.indexOf('"', from);
      const end = quote === -1 ? piece.length : quote;
      let before = end - 1;
      while (before >= start && piece.charCodeAt(before) === BACKSLASH) before -= 1;
      let backslashes = end - 1 - before;
      if (before < start && this.#escapes) backslashes += 1;
      // Backslashes in an even number escape one another.
      const escapes = backslashes % 2 === 1;
      if (quote === -1) {
        this.#escapes = escapes;
        return end;
      }
      if (!escapes) {
        this.#inString = false;
        this.#escapes = false;
        return end + 1;
      }
      from = end + 1;
    }
  }
}
