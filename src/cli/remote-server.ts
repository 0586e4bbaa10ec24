/**
 * The way to a server at a URL: what `login` kept for it, or the key of a service account, and on a terminal a new
 * sign-in where the last one is too old for what was asked.
 */
import { KeystairError } from '#domain/errors.ts';
import { API_KEY_LENGTH_MAX } from '#domain/people-limits.ts';
import type { PeopleConnection } from '#transport/people/people-connection.ts';
import { type Identification, urlConnection } from '#transport/people/url-connection.ts';
import { keepLogin, type KeptLogin, readLogin } from './kept-logins.ts';
import type { AtUrl, Places } from './places.ts';
import { readSecretFile } from './secrets.ts';
import { type Cookies, holdSession, type Session } from './session.ts';
import { signIn } from './sign-in.ts';
import type { Terminal } from './terminal.ts';

export interface Surroundings {
  readonly terminal: Pick<Terminal, 'inputIsPerson' | 'say'>;
  readonly places: Pick<Places, 'logins'>;
}

export async function reachServer(address: AtUrl, around: Surroundings): Promise<PeopleConnection> {
  const { url, apiKeyFile } = address;
  const login = readLogin(around.places.logins, url);
  const fingerprint = address.fingerprint ?? login?.fingerprint ?? undefined;
  const trust = { authorities: fingerprint === undefined, fingerprint };
  if (apiKeyFile !== undefined) {
    const connection = urlConnection({ url, trust, caller: await keyHolder(apiKeyFile) });
    return { ...connection, onRefusal: (refusal) => explainKey(refusal, apiKeyFile) };
  }
  const session = holdSession(cookiesOf(login));
  const connection = urlConnection({ url, trust, caller: session.caller });
  return {
    ...connection,
    onRefusal: (refusal) => signInAgain(refusal, connection, session, login, url, around),
  };
}

export function cookiesOf(login: KeptLogin | undefined): Cookies {
  return { session: login?.session?.cookie, device: login?.session?.device ?? undefined };
}

/** Calls by the key in that file. */
export async function keyHolder(file: string): Promise<Identification> {
  const key = (await readSecretFile(file, `the key file ${file}`, API_KEY_LENGTH_MAX)).trim();
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new KeystairError('invalid-argument', `the key file ${file} holds no key of a service account`, {
      nextStep: 'put into it what `keystair people add NAME --service` printed, on one line',
    });
  }
  return { headers: () => ({ authorization: `Bearer ${key}` }) };
}

function explainKey(refusal: KeystairError, file: string): never {
  if (refusal.code !== 'not-signed-in') throw refusal;
  throw new KeystairError('not-signed-in', `the server does not know the key in ${file}, or it has ended`, {
    nextStep: 'have a new one made with `keystair people reset`',
    cause: refusal,
  });
}

async function signInAgain(
  refusal: KeystairError,
  connection: PeopleConnection,
  session: Session,
  login: KeptLogin | undefined,
  url: string,
  { terminal, places }: Surroundings,
): Promise<void> {
  if (refusal.code === 'not-signed-in') {
    const message =
      session.cookies.session === undefined
        ? `nobody is signed in at ${url} from here`
        : `the session at ${url} has ended`;
    throw new KeystairError('not-signed-in', message, {
      nextStep: `sign in with \`keystair login --url ${url}\``,
      cause: refusal,
    });
  }
  const kept = login?.session ?? null;
  if (refusal.code !== 'sign-in-stale' || login === undefined || kept === null) throw refusal;
  if (!terminal.inputIsPerson) {
    throw new KeystairError('sign-in-stale', refusal.message, {
      nextStep: `sign in again with \`keystair login --url ${url}\`; then run the command once more`,
      cause: refusal,
    });
  }
  terminal.say(`${refusal.message}: sign in once more, and the command continues.`);
  const renewed = await signIn(connection, session, { name: kept.person, url }, {}, terminal);
  await keepLogin(places.logins, { ...login, session: { ...kept, ...renewed } });
}
