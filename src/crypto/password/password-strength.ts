/**
 * Whether a password may protect an export file: people can copy the file and guess for years, so the password must
 * stand by itself. Judged on the server, whichever surface it came from.
 */
import { KeystairError } from '#domain/errors.ts';
import { EXPORT_PASSWORD_GUESSES_LOG10_MIN, EXPORT_PASSWORD_LENGTH_MIN } from '#domain/limits.ts';
import { passwordFault } from './password-text.ts';

type Estimate = (password: string, known: readonly string[]) => number;

/** Of an attacker on this program. */
const FIRST_GUESSES = ['keystair', 'export'];

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
  return (password, known) => factory.check(password, [...FIRST_GUESSES, ...known]).guessesLog10;
}

/**
 * Throws `password-weak`.
 *
 * @param known what everybody knows of the one who chose it: the names of the person and of the server.
 */
export async function requireStrongPassword(password: string, known: readonly string[] = []): Promise<void> {
  const weak = (sentence: string): KeystairError =>
    new KeystairError('password-weak', sentence, {
      nextStep: 'choose four or more unrelated words',
    });
  if (Array.from(password).length < EXPORT_PASSWORD_LENGTH_MIN) {
    throw weak(`the password has fewer than ${EXPORT_PASSWORD_LENGTH_MIN} characters`);
  }
  const fault = passwordFault(password);
  if (fault !== undefined) throw weak(`the password ${fault}`);
  estimate ??= loadEstimate();
  if ((await estimate)(password, known) < EXPORT_PASSWORD_GUESSES_LOG10_MIN) {
    throw weak('the password is easy to guess');
  }
}
