/** Signing in over a connection: name and password, then the code of the moment. The session ends up with its holder. */
import { assert } from '#domain/errors.ts';
import { CODE_LENGTH_MAX } from '#domain/people-limits.ts';
import type { PeopleConnection } from '#transport/people/people-connection.ts';
import { createSignInClient } from '#transport/people/people-client.ts';
import { askVisibly } from './hidden-prompt.ts';
import type { KeptLogin } from './kept-logins.ts';
import { readPassword, readSecretFile } from './secrets.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

export interface SignInFiles {
  readonly passwordFile?: string | undefined;
  readonly otpFile?: string | undefined;
}

export type KeptSession = Omit<NonNullable<KeptLogin['session']>, 'person'>;

/** What apps show; anything else is a recovery code. */
const APP_CODE = /^\d{6,8}$/;

/** Throws `sign-in-failed`; then the session is as it was. */
export async function signIn(
  connection: PeopleConnection,
  session: Session,
  who: { readonly name: string; readonly url: string },
  files: SignInFiles,
  terminal: Pick<Terminal, 'inputIsPerson'>,
): Promise<KeptSession> {
  const client = createSignInClient(connection);
  const before = session.cookies.session;
  const question = { text: `Password of ${who.name} at ${who.url}`, twice: false };
  const password = await readPassword(files.passwordFile, terminal, question);
  try {
    await client('signIn', { name: who.name, password });
    const code = await readCode(files.otpFile, terminal, 'One-time code (or a recovery code)');
    const given = APP_CODE.test(code) ? { code } : { recoveryCode: code };
    const { expiresAt } = await client('signInCode', given);
    return keptSession(session, expiresAt);
  } catch (error) {
    session.cookies.session = before;
    throw error;
  }
}

/** Shown and never printed among the answers: whoever has it makes the person's codes. */
export async function showAppSecret(
  terminal: Pick<Terminal, 'show'>,
  { secret, otpauthUri }: { readonly secret: string; readonly otpauthUri: string },
): Promise<void> {
  await terminal.show('Add this to an app that makes one-time codes; it is shown only now.');
  await terminal.show(`  Secret: ${secret}`);
  await terminal.show(`  ${otpauthUri}`);
}

/** What is kept of a sign-in that succeeded. */
export function keptSession({ cookies }: Session, expiresAt: string): KeptSession {
  assert(cookies.session !== undefined, 'a sign-in that succeeded gives a session');
  return { cookie: cookies.session, device: cookies.device ?? null, expiresAt };
}

/** @param file read when it is needed: a pipe may wait for its writer. */
export async function readCode(
  file: string | undefined,
  terminal: Pick<Terminal, 'inputIsPerson'>,
  question: string,
): Promise<string> {
  if (file !== undefined)
    return (await readSecretFile(file, `the code file ${file}`, CODE_LENGTH_MAX)).trim();
  if (!terminal.inputIsPerson) {
    throw new UsageError('a one-time code is needed and there is no terminal to ask on', {
      nextStep: 'give it with --otp-file FILE',
    });
  }
  const typed = await askVisibly(`${question}: `, CODE_LENGTH_MAX);
  // Apps show it in two groups.
  return typed.replaceAll(' ', '');
}
