/**
 * A recovery share as people write it down: groups of five characters, the fifth of which checks the four before it and
 * their place, so that a slip is located by its group. Crockford's base32: no I, L, O or U; characters that look alike
 * read alike.
 *
 * The text is a whole number of groups: 45 bytes are 72 characters and, with their checks, 18 groups.
 */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUP_CHARACTERS = 4;
const LINE_GROUPS = 6;
export const SHARE_TEXT_BYTES = 45;
const GROUPS = (SHARE_TEXT_BYTES * 8) / 5 / GROUP_CHARACTERS;

/** Multiplication by 2 in GF(32), modulo x^5 + x^2 + 1. */
function double(value: number): number {
  return value < 16 ? value * 2 : (value * 2) ^ 37;
}

/** Weighted by powers of 2: a wrong character, two swapped ones, and a group in another's place all change it. */
function checkOf(characters: readonly number[], group: number): number {
  let sum = 0;
  for (const character of characters) sum = double(sum ^ character);
  // No place is 0, and GF(32) has more of them than there are groups.
  return sum ^ (group + 1);
}

/** Three lines of six groups. */
export function encodeShareText(bytes: Uint8Array): string {
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
  for (let at = 0; at < groups.length; at += LINE_GROUPS)
    lines.push(groups.slice(at, at + LINE_GROUPS).join(' '));
  return lines.join('\n');
}

export type ReadShareText =
  | { readonly bytes: Uint8Array }
  /** Counted from 1. */
  | { readonly wrongGroup: number }
  | { readonly wrongLength: number };

/** Spaces, dashes, line breaks, lines that begin with # and case are ignored. */
export function decodeShareText(text: string): ReadShareText {
  const written = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('')
    .replaceAll(/[\s\u002d\u2010-\u2015.:,]/g, '')
    .toUpperCase()
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1');
  const bytes = new Uint8Array(SHARE_TEXT_BYTES);
  let held = 0;
  let bits = 0;
  let at = 0;
  const width = GROUP_CHARACTERS + 1;
  for (let group = 0; group < Math.min(GROUPS, Math.floor(written.length / width)); group += 1) {
    const characters = Array.from(written.slice(group * width, (group + 1) * width), (one) =>
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
  return written.length === GROUPS * width ? { bytes } : { wrongLength: written.length };
}
