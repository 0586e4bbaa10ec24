/**
 * What may be the name of a server or a device: something that people can read out and that stays on one line.
 */
import { NAME_LENGTH_MAX } from './limits.ts';

/** C0, DEL and C1 controls. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/u;

export function isName(text: string): boolean {
  return text.trim() !== '' && text.length <= NAME_LENGTH_MAX && text.isWellFormed() && !CONTROL.test(text);
}

/** For a sentence that says what is wrong. */
export const NAME_RULE = `text of 1 to ${NAME_LENGTH_MAX} characters on one line`;
