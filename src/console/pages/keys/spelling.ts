/** Material to be read out on the phone: in groups, and letter by letter in the alphabet of the ICAO. */
const WORDS =
  'Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November Oscar Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu'.split(
    ' ',
  );
const DIGITS = 'Zero One Two Three Four Five Six Seven Eight Nine'.split(' ');
const SIGNS: Readonly<Record<string, string>> = {
  '-': 'hyphen',
  _: 'underscore',
  '+': 'plus',
  '/': 'slash',
  '=': 'equals',
  '.': 'full stop',
  ' ': 'space',
};
const GROUP = 5;

const GROUPS = new RegExp(`[^\\s-]{1,${GROUP}}[\\s-]?|[\\s-]`, 'gu');

/** Groups of at most five characters, each with the separator behind it, and with its place in the text. */
export function grouped(material: string): readonly { readonly at: number; readonly text: string }[] {
  return Array.from(material.matchAll(GROUPS), ({ index, 0: text }) => ({ at: index, text }));
}

export function spelled(
  material: string,
): readonly { readonly at: number; readonly character: string; readonly word: string }[] {
  return Array.from(material, (character, at) => ({ at, character, word: wordOf(character) }));
}

function wordOf(character: string): string {
  const letter = character.toLowerCase().charCodeAt(0) - 'a'.charCodeAt(0);
  const word = WORDS[letter];
  if (/[a-z]/i.test(character) && word !== undefined)
    return character === character.toUpperCase() ? `capital ${word}` : word;
  // A space is the number 0, too.
  return SIGNS[character] ?? DIGITS[Number(character)] ?? character;
}
