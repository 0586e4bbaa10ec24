/**
 * Names are read by people: those of servers and devices, labels of drives, reasons. A character that turns the
 * direction of writing, has no width, or only looks like a space is refused where a name is given, so that no two names
 * look alike and no name falsifies a line. The rest of Unicode is welcome.
 *
 * Names that came from elsewhere, or predate this rule, stay as they are and are shown with `readable`.
 */
import { NAME_LENGTH_MAX } from './limits.ts';

/**
 * Controls, surrogates without their other half, white space other than the space, what Unicode calls ignorable (zero
 * width, direction, fillers, tags), the blank of Braille, and anchors of annotations. An emoji keeps its selector.
 */
const UNREADABLE =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u2800\ufff9-\ufffb]|[\p{Zs}--\u0020]|[\p{Default_Ignorable_Code_Point}--[\ufe0e\ufe0f]]|(?<!\p{Extended_Pictographic})[\ufe0e\ufe0f]/gv;

/** For a sentence that says what is wrong. */
export function nameRule(lengthMax = NAME_LENGTH_MAX): string {
  return `text of 1 to ${lengthMax} characters on one line, without invisible characters`;
}

/** The name in one form (NFC), or its fault, to end a sentence with. */
export type ReadName = { readonly name: string } | { readonly fault: string };

export function readName(given: string, lengthMax = NAME_LENGTH_MAX): ReadName {
  const name = given.normalize('NFC');
  if (name.trim() === '') return { fault: 'is blank' };
  if (name.length > lengthMax) return { fault: `has more than ${lengthMax} characters` };
  const [unreadable] = name.match(UNREADABLE) ?? [];
  if (unreadable === undefined) return { name };
  return { fault: `contains the character U+${hexOf(unreadable).padStart(4, '0')}, which is invisible` };
}

/** For lines that people read: each such character as `\u{202E}`. */
export function readable(text: string): string {
  return text.replaceAll(UNREADABLE, (character) => `\\u{${hexOf(character)}}`);
}

/** For JSON that a terminal may show: the same document, such characters in its strings escaped. */
export function readableJson(json: string): string {
  return json.replaceAll(UNREADABLE, (character) =>
    // In JSON a control character stands only between strings, as the line feed at the end.
    character < ' '
      ? character
      : character
          .split('')
          .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
          .join(''),
  );
}

function hexOf(character: string): string {
  return character.codePointAt(0)!.toString(16).toUpperCase();
}
