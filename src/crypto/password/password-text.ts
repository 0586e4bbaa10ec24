/**
 * A password is what a person means, and not its bytes. Keyboards and systems compose an accent in one character or in
 * two, and editors put a mark before a file. A new password is brought into one form (NFC, no mark); one that is to
 * open something is tried in all forms in which it may have been given before.
 */

const BYTE_ORDER_MARK = '\ufeff';
const CONTROL = /\p{Cc}/u;

/** Why nobody can type it, to end a sentence with; undefined where people can. */
export function passwordFault(text: string): string | undefined {
  if (!text.isWellFormed()) return 'is not text';
  const control = CONTROL.exec(text)?.[0];
  if (control === undefined) return undefined;
  if (control === '\n' || control === '\r') return 'has more than one line';
  if (control === '\0') return 'contains zero bytes, as UTF-16 does';
  const code = control.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  return `contains a control character (U+${code})`;
}

function withoutMark(text: string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

/** The form in which something new is protected. Spaces count, wherever they are. */
export function newPassword(given: string): string {
  return withoutMark(given).normalize('NFC');
}

/** The forms to try, each once and the likely first: each costs the whole derivation. Earlier releases took any form. */
export function passwordForms(given: string): readonly string[] {
  const bare = withoutMark(given);
  const forms = [given, bare, bare.normalize('NFC'), bare.normalize('NFD')];
  return [...new Set([...forms, ...forms.slice(1).map((form) => BYTE_ORDER_MARK + form)])];
}

/** For the refusal of a password: a space at either end is invisible where it was typed. Empty where there is none. */
export function aboutSpaces(given: string): string {
  const ends = given.trimEnd() !== given;
  const begins = given.trimStart() !== given;
  if (!ends && !begins) return '';
  const does = ends && begins ? 'begins and ends' : ends ? 'ends' : 'begins';
  return `the password given ${does} with a space, which counts; `;
}
