/**
 * What a password for a file is worth, in steps that a person can be told while they type. The server judges by the
 * same bounds and has the last word.
 */
import { EXPORT_PASSWORD_GUESSES_LOG10_MIN, EXPORT_PASSWORD_LENGTH_MIN } from '#domain/limits.ts';

/** `short` and `weak` are refused. */
export type PasswordWorth = 'short' | 'weak' | 'good' | 'strong';

/** Four unrelated words and a bit: ten thousand times what is needed. */
const STRONG_GUESSES_LOG10 = EXPORT_PASSWORD_GUESSES_LOG10_MIN + 4;

/** @param guessesLog10 as zxcvbn estimates them. */
export function passwordWorth(password: string, guessesLog10: number): PasswordWorth {
  if (Array.from(password).length < EXPORT_PASSWORD_LENGTH_MIN) return 'short';
  if (guessesLog10 < EXPORT_PASSWORD_GUESSES_LOG10_MIN) return 'weak';
  return guessesLog10 < STRONG_GUESSES_LOG10 ? 'good' : 'strong';
}
