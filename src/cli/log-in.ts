/** Logging in at a URL: first the server is judged, then the person signs in, then both are kept. */
import { KeystairError } from '#domain/errors.ts';
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { createPeopleClient } from '#transport/people/people-client.ts';
import { urlConnection } from '#transport/people/url-connection.ts';
import { askVisibly } from './hidden-prompt.ts';
import { judgeServer } from './judge-server.ts';
import { keepLogin, readLogin } from './kept-logins.ts';
import type { AtUrl } from './places.ts';
import { cookiesOf, keyHolder, type Surroundings } from './remote-server.ts';
import { holdSession } from './session.ts';
import { signIn, type SignInFiles } from './sign-in.ts';
import { UsageError } from './usage-error.ts';

export type LoggedIn = PeopleAnswer<'whoAmI'>;

interface Asked extends SignInFiles {
  readonly user?: string | undefined;
}

/** As a person. */
export async function logIn(address: AtUrl, asked: Asked, around: Surroundings): Promise<LoggedIn> {
  const { url } = address;
  const { terminal, places } = around;
  const before = readLogin(places.logins, url);
  const { trust, server } = await judgeServer(address, before, around);
  const session = holdSession(cookiesOf(before));
  const connection = urlConnection({ url, trust, caller: session.caller });
  const name = asked.user ?? (await askName(terminal));
  const kept = await signIn(connection, session, { name, url }, asked, terminal);
  const me = await createPeopleClient(connection)('whoAmI', {});
  await keepLogin(places.logins, {
    url,
    server,
    fingerprint: trust.fingerprint ?? null,
    session: { ...kept, person: me.person.name },
  });
  return me;
}

/** As a service account: nothing is kept but the certificate. */
export async function checkKey(address: AtUrl, keyFile: string, around: Surroundings): Promise<LoggedIn> {
  const { url } = address;
  const { logins } = around.places;
  const caller = await keyHolder(keyFile);
  const before = readLogin(logins, url);
  const { trust, server } = await judgeServer(address, before, around);
  const me = await createPeopleClient(urlConnection({ url, trust, caller }))('whoAmI', {});
  const fingerprint = trust.fingerprint ?? null;
  if (fingerprint !== null || before !== undefined)
    await keepLogin(logins, { url, server, fingerprint, session: before?.session ?? null });
  return me;
}

async function askName(terminal: Surroundings['terminal']): Promise<string> {
  if (!terminal.inputIsPerson) {
    throw new UsageError('a name is needed and there is no terminal to ask on', {
      nextStep: 'give it with --user NAME',
    });
  }
  const name = (await askVisibly('Name: ', NAME_LENGTH_MAX)).trim();
  if (name !== '') return name;
  throw new KeystairError('invalid-argument', 'the name is empty', { nextStep: 'run the command again' });
}
