/**
 * Setting up how a person signs in, by the link they were given: a password, then an app that makes one-time codes, then
 * the recovery codes. At the end they are signed in, and the login is kept.
 */
import { KeystairError } from '#domain/errors.ts';
import { createSignInClient } from '#transport/people/people-client.ts';
import type { SignInAnswer } from '#protocol/people/sign-in-routes.ts';
import { urlConnection } from '#transport/people/url-connection.ts';
import { judgeServer } from './judge-server.ts';
import { keepLogin, readLogin } from './kept-logins.ts';
import { serverAddress } from './places.ts';
import type { Surroundings } from './remote-server.ts';
import { readPassword } from './secrets.ts';
import { holdSession } from './session.ts';
import { keptSession, readCode, showAppSecret, type SignInFiles } from './sign-in.ts';
import type { Terminal } from './terminal.ts';

export interface SetUp extends SignInFiles {
  /** The whole link. The part after its # makes its holder that person. */
  readonly link: string;
  readonly fingerprint: string | undefined;
}

export async function setUp(
  { link, fingerprint, passwordFile, otpFile }: SetUp,
  around: Surroundings & { readonly terminal: Pick<Terminal, 'show'> },
): Promise<{ readonly url: string } & SignInAnswer<'setupConfirm'>> {
  const { terminal, places } = around;
  const { origin, token } = partsOf(link);
  const nowhere = { data: undefined, url: undefined, usualData: undefined };
  const address = serverAddress({ url: origin, fingerprint }, nowhere);
  if (address.at !== 'url') throw noLink();
  const { url } = address;
  const { trust, server } = await judgeServer(address, readLogin(places.logins, url), around);
  const session = holdSession({});
  const client = createSignInClient(urlConnection({ url, trust, caller: session.caller }));
  const { name } = await client('showSetup', { token });
  const question = { text: `New password of ${name} at ${url}`, twice: true };
  const password = await readPassword(passwordFile, terminal, question);
  const { secret, otpauthUri } = await client('setupPassword', { token, password });
  await showAppSecret(terminal, { secret, otpauthUri });
  const code = await readCode(otpFile, terminal, 'The code that the app shows');
  const answer = await client('setupConfirm', { token, code });
  await keepLogin(places.logins, {
    url,
    server,
    fingerprint: trust.fingerprint ?? null,
    session: { ...keptSession(session, answer.expiresAt), person: name },
  });
  return { url, ...answer };
}

function partsOf(link: string): { readonly origin: string; readonly token: string } {
  const url = URL.canParse(link) ? new URL(link) : undefined;
  const token = url?.hash.slice(1) ?? '';
  if (url === undefined || token === '') throw noLink();
  return { origin: url.origin, token };
}

/** The link is not repeated: standard error often ends in a log. */
function noLink(): KeystairError {
  return new KeystairError('invalid-argument', 'this is no set-up link', {
    nextStep: 'give the whole link, as `keystair people add` printed it, with what is behind the #',
  });
}
