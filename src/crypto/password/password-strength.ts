/**
 * Whether a password may protect an export file: people can copy the file and guess for years, so the password must
 * stand by itself. Judged on the server, whichever surface it came from.
 */
import { KeystairError } from '#domain/errors.ts';
import { EXPORT_PASSWORD_GUESSES_LOG10_MIN, EXPORT_PASSWORD_LENGTH_MIN } from '#domain/limits.ts';
import { passwordFault } from './password-text.ts';

type Estimate = (password: string) => number;

let estimate: Promise<Estimate> | undefined;

/** The dictionaries take a quarter of a second and 40 MB: only judging a password pays for them. */
async function loadEstimate(): Promise<Estimate> {
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ]);
  const factory = new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary },
    graphs: common.adjacencyGraphs,
  });
  // The first guesses of an attacker on a file of this program.
  return (password) => factory.check(password, ['keystair', 'export']).guessesLog10;
}

/** Throws `password-weak`. */
export async function requireStrongPassword(password: string): Promise<void> {
  const weak = (sentence: string): KeystairError =>
    new KeystairError('password-weak', sentence, {
      nextStep: 'choose four or more words that do not belong together',
    });
  if (Array.from(password).length < EXPORT_PASSWORD_LENGTH_MIN) {
    throw weak(`the password has fewer than ${EXPORT_PASSWORD_LENGTH_MIN} characters`);
  }
  const fault = passwordFault(password);
  if (fault !== undefined) throw weak(`the password ${fault}`);
  estimate ??= loadEstimate();
  if ((await estimate)(password) < EXPORT_PASSWORD_GUESSES_LOG10_MIN) {
    throw weak('the password is easy to guess');
  }
}
