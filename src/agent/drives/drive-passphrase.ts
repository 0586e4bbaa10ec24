/**
 * The passphrase of a drive: 260 random bits that a help desk can read out and a person can type.
 *
 * Crockford's base32 (https://www.crockford.com/base32.html) in lower case has no i, l, o and u, so no character looks
 * like another. Thirteen groups of four, joined by dashes; the dashes belong to the passphrase, so that the person
 * types exactly what is read out.
 */
import { assert } from '#domain/errors.ts';
import { KeyMaterial } from '#domain/key-material.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const GROUPS = 13;
const GROUP_CHARACTERS = 4;
const CHARACTERS = GROUPS * GROUP_CHARACTERS;

/** Each character takes five bits of a random byte of its own: uniform, and visibly so. */
export function makeDrivePassphrase(random: (bytes: number) => Uint8Array): KeyMaterial {
  const bytes = random(CHARACTERS);
  assert(bytes.length === CHARACTERS, 'as many random bytes as asked for');
  const text: number[] = [];
  for (const [index, byte] of bytes.entries()) {
    if (index > 0 && index % GROUP_CHARACTERS === 0) text.push(0x2d);
    text.push(ALPHABET.charCodeAt(byte & 31));
  }
  bytes.fill(0);
  return new KeyMaterial(Uint8Array.from(text));
}
