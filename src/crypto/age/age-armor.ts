/**
 * The armored form of an age file (https://age-encryption.org/v1, section "ASCII armor"): strict PEM, put around a
 * small file, or removed as the bytes arrive.
 *
 * Invariant: an armored file has one reading only. Lines have 64 columns of canonical base64, the last one its padding;
 * they end with LF or CRLF; nothing but a little whitespace stands before and after. Everything else is refused. It
 * holds the source's current block and two lines.
 */
import { fileDamaged } from '#domain/file-damaged.ts';
import { AGE_ARMOR_WHITESPACE_MAX } from '#domain/limits.ts';
import type { Bytes } from './age-payload.ts';

const BEGIN = '-----BEGIN AGE ENCRYPTED FILE-----';
const END = '-----END AGE ENCRYPTED FILE-----';
const COLUMNS = 64;
const START_MAX = AGE_ARMOR_WHITESPACE_MAX + BEGIN.length;
/** The last line of base64, its line end, and the line after it. */
const TAIL_MAX = COLUMNS + 2 + END.length;
/** Bytes turned into text at a time: a block of the source may be large. */
const SLICE_BYTES = 64 * 1024;

const WHITESPACE = /^[ \t\r\n]*/;
const FIRST_LINE = new RegExp(`^[ \\t\\r\\n]*${BEGIN}\\r?\\n`);
const FULL_LINES = /^(?:[A-Za-z0-9+/]{64}\r?\n)+/;
const TAIL = new RegExp(`^(?:([A-Za-z0-9+/]+={0,2})\\r?\\n)?${END}`);

/** A small file in armor, for people to carry as text. */
export function armored(file: Uint8Array): string {
  const base64 = Buffer.from(file.buffer, file.byteOffset, file.length).toString('base64');
  const lines = base64.match(new RegExp(`.{1,${COLUMNS}}`, 'g')) ?? [];
  return [BEGIN, ...lines, END, ''].join('\n');
}

/**
 * The file without its armor; a file without armor passes through unchanged. Throws `file-damaged`. The caller closes
 * the source.
 */
export async function* withoutArmor(source: AsyncIterable<Uint8Array>): Bytes {
  const blocks = source[Symbol.asyncIterator]();
  const { armored, taken } = await readStart(blocks);
  if (!armored) {
    yield* taken;
    for (let next = await blocks.next(); next.done !== true; next = await blocks.next()) yield next.value;
    return;
  }
  const armor = new Armor();
  for (const block of taken) yield* armor.push(block);
  for (let next = await blocks.next(); next.done !== true; next = await blocks.next()) {
    yield* armor.push(next.value);
  }
  armor.end();
}

/** Whether it claims to be armored, and what was read to find out. */
async function readStart(
  blocks: AsyncIterator<Uint8Array>,
): Promise<{ readonly armored: boolean; readonly taken: readonly Uint8Array[] }> {
  const taken: Uint8Array[] = [];
  let text = '';
  for (;;) {
    const next = await blocks.next();
    if (next.done === true) return { armored: false, taken };
    taken.push(next.value);
    text += toText(next.value.subarray(0, START_MAX - text.length));
    const start = text.replace(WHITESPACE, '');
    if (start.startsWith(BEGIN)) return { armored: true, taken };
    if (!BEGIN.startsWith(start) || text.length === START_MAX) return { armored: false, taken };
  }
}

/** As Latin-1 every byte is one character, so that no other encoding can spell the same text. */
function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

class Armor {
  #part: 'first line' | 'lines' | 'after' = 'first line';
  /** The incomplete part. */
  #rest = '';
  #whitespace = 0;

  *push(block: Uint8Array): Generator<Uint8Array, void, undefined> {
    for (let at = 0; at < block.length; at += SLICE_BYTES) {
      this.#rest += toText(block.subarray(at, at + SLICE_BYTES));
      yield* this.#take();
    }
  }

  end(): void {
    if (this.#part !== 'after') throw fileDamaged('the armor of the file is truncated');
  }

  *#take(): Generator<Uint8Array, void, undefined> {
    if (this.#part === 'first line') {
      const first = FIRST_LINE.exec(this.#rest);
      if (first === null) {
        if (this.#rest.length < START_MAX + 2) return;
        throw fileDamaged("the first line of the file's armor has something after its marker");
      }
      this.#part = 'lines';
      this.#rest = this.#rest.slice(first[0].length);
    }
    if (this.#part === 'lines') yield* this.#takeLines();
    if (this.#part === 'after') this.#takeWhitespace();
  }

  *#takeLines(): Generator<Uint8Array, void, undefined> {
    const full = FULL_LINES.exec(this.#rest)?.[0];
    if (full !== undefined) {
      this.#rest = this.#rest.slice(full.length);
      yield Buffer.from(full.replaceAll(/\r?\n/g, ''), 'base64');
    }
    const tail = TAIL.exec(this.#rest);
    if (tail === null) {
      if (this.#rest.length < TAIL_MAX && !this.#rest.includes(END)) return;
      throw fileDamaged(`a line of the file's armor is not ${COLUMNS} columns of canonical base64`);
    }
    this.#part = 'after';
    this.#rest = this.#rest.slice(tail[0].length);
    if (tail[1] !== undefined) yield lastLine(tail[1]);
  }

  #takeWhitespace(): void {
    const { length } = this.#rest;
    this.#whitespace += length;
    if (WHITESPACE.exec(this.#rest)![0].length < length || this.#whitespace > AGE_ARMOR_WHITESPACE_MAX) {
      throw fileDamaged('the file has data after the end of its armor');
    }
    this.#rest = '';
  }
}

function lastLine(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (text.length <= COLUMNS && bytes.toString('base64') === text) return bytes;
  throw fileDamaged("the last line of the file's armor is not canonical base64");
}
