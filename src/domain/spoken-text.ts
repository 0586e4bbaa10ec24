/**
 * Bytes as people write them down or read them out: groups of five characters, the fifth of which checks the four before it
 * and their place, so that a slip is located by its group. Crockford's base32: no I, L, O or U; characters that look alike
 * read alike.
 *
 * The text is a whole number of groups: 45 bytes are 72 characters and, with their checks, 18 groups.
 */
import { assert } from './errors.ts';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUP_CHARACTERS = 4;
const WIDTH = GROUP_CHARACTERS + 1;
/** Groups in one line: as much as anyone reads out in one breath. */
const SPOKEN_LINE_GROUPS = 6;
/** So many bytes, or a multiple, fill groups. */
const BYTES_STEP = 5;
/** Places that the check tells apart: GF(32) without 0. Longer texts need a check of the whole as well. */
const PLACES = 31;

/** Multiplication by 2 in GF(32), modulo x^5 + x^2 + 1. */
function double(value: number): number {
  return value < 16 ? value * 2 : (value * 2) ^ 37;
}

/** Weighted by powers of 2: a wrong character, two swapped ones, and a group in another's place all change it. */
function checkOf(characters: readonly number[], group: number): number {
  let sum = 0;
  for (const character of characters) sum = double(sum ^ character);
  // No place is 0.
  return sum ^ ((group % PLACES) + 1);
}

/** Groups of a text of so many bytes. */
export function spokenGroups(bytes: number): number {
  return (bytes * 8) / 5 / GROUP_CHARACTERS;
}

/** Lines of six groups. @param bytes a multiple of five of them. */
export function encodeSpokenText(bytes: Uint8Array): string {
  assert(bytes.length % BYTES_STEP === 0, 'the bytes fill their groups');
  const groups: string[] = [];
  let held = 0;
  let bits = 0;
  let characters: number[] = [];
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      characters.push((held >>> bits) & 31);
      held &= (1 << bits) - 1;
      if (characters.length < GROUP_CHARACTERS) continue;
      groups.push([...characters, checkOf(characters, groups.length)].map((at) => ALPHABET[at]).join(''));
      characters = [];
    }
  }
  const lines: string[] = [];
  for (let at = 0; at < groups.length; at += SPOKEN_LINE_GROUPS)
    lines.push(groups.slice(at, at + SPOKEN_LINE_GROUPS).join(' '));
  return lines.join('\n');
}

export type ReadSpokenText =
  | { readonly bytes: Uint8Array }
  /** Counted from 1. */
  | { readonly wrongGroup: number }
  | { readonly wrongLength: number };

/** Spaces, dashes, line breaks, lines that begin with # and case are ignored. */
function charactersOf(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('')
    .replaceAll(/[\s\u002d\u2010-\u2015.:,]/g, '')
    .toUpperCase()
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1');
}

/** @param bytesExpected how many the whole text has. */
export function decodeSpokenText(text: string, bytesExpected: number): ReadSpokenText {
  const written = charactersOf(text);
  const bytes = new Uint8Array(bytesExpected);
  const groups = spokenGroups(bytesExpected);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (let group = 0; group < Math.min(groups, Math.floor(written.length / WIDTH)); group += 1) {
    const characters = Array.from(written.slice(group * WIDTH, (group + 1) * WIDTH), (one) =>
      ALPHABET.indexOf(one),
    );
    const check = characters.pop();
    if (characters.includes(-1) || checkOf(characters, group) !== check) return { wrongGroup: group + 1 };
    for (const character of characters) {
      held = (held << 5) | character;
      bits += 5;
      if (bits < 8) continue;
      bits -= 8;
      bytes[at] = held >>> bits;
      at += 1;
      held &= (1 << bits) - 1;
    }
  }
  return written.length === groups * WIDTH ? { bytes } : { wrongLength: written.length };
}

/** The first so many groups of what was typed, for whoever types the rest again. */
export function firstGroups(text: string, groups: number): string {
  return charactersOf(text).slice(0, groups * WIDTH);
}

/** Whole groups in what was typed so far. */
export function groupsIn(text: string): number {
  return Math.floor(charactersOf(text).length / WIDTH);
}
