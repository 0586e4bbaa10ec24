/**
 * A password of words, made so that it can be read aloud and typed: six of a list of 7,776, joined by hyphens.
 */
import { assert } from '#domain/errors.ts';
import { GENERATED_PASSWORD_WORDS } from '#domain/limits.ts';

/** A shorter list would need more words in a password. */
const WORDS_MIN = 7000;

async function wordList(): Promise<readonly string[]> {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  const words = dictionary['diceware-common'].filter((word) => /^[a-z]+$/.test(word));
  assert(words.length >= WORDS_MIN, 'the list has the words that six of it need');
  return words;
}

/** A whole number below `end`, uniformly distributed. */
function draw(end: number, random: (bytes: number) => Uint8Array): number {
  const span = 2 ** 32;
  for (;;) {
    const bytes = random(4);
    const drawn = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
    // The last, incomplete run of the list would favour its first words.
    if (drawn < span - (span % end)) return drawn % end;
  }
}

export async function makeWordPassword(random: (bytes: number) => Uint8Array): Promise<string> {
  const words = await wordList();
  return Array.from({ length: GENERATED_PASSWORD_WORDS }, () => words[draw(words.length, random)]!).join('-');
}
