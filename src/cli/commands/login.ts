/** `keystair login`, `logout` and `whoami`: identify the caller to a server at a URL. */
import { codeOf, KeystairError } from '#domain/errors.ts';
import type { LoggedIn } from '../log-in.ts';
import type { Noun } from '../command.ts';
import { command, type Outcome } from '../command.ts';
import { type Option, name, text } from '../options.ts';
import { type AtUrl, serverAddress } from '../places.ts';
import { rightLines } from '../right-words.ts';
import { columns } from '../table.ts';
import { UsageError } from '../usage-error.ts';
import { ADDRESSED_SERVER, when } from '../words.ts';

/** The URL alone, or with what other options say of it. */
function urlOption(help: string): Option<AtUrl> {
  return {
    ...text('URL', `${help}; else KEYSTAIR_URL`),
    read: ([given], _given, _name, { url }, other) => {
      const named = given ?? url;
      if (named === undefined) {
        throw new UsageError('--url URL is missing, and KEYSTAIR_URL is not set', {
          nextStep: 'give the address that the server shows as its console',
        });
      }
      const address = serverAddress(
        { url: named, apiKeyFile: other('api-key-file'), fingerprint: other('fingerprint') },
        { data: undefined, usualData: undefined, url },
      );
      return address as AtUrl;
    },
  };
}

const login = command({
  summary:
    'sign in at a server and keep the session in your own folder; with a key, check it and pin the server',
  positionals: {},
  options: {
    url: urlOption('the address of the server'),
    user: name('who signs in; asked for on a terminal otherwise'),
    'password-file': text('F', 'a file that holds the password; asked for on a terminal otherwise'),
    'otp-file': text(
      'F',
      'a file that holds the one-time code of this moment; asked for on a terminal otherwise',
    ),
    'api-key-file': text(
      'F',
      'instead of signing in: checks the key of a service account in this file, and keeps only which certificate the server has',
    ),
    fingerprint: text(
      'FINGERPRINT',
      'the SHA-256 of the certificate, where no authority vouches for it; asked for on a terminal otherwise',
    ),
  },
  example: '--url https://keys.example:8444 --user "Anna Berg"',
  check: (_values, { user, 'password-file': password, 'otp-file': otp, 'api-key-file': key }) => {
    if (key !== undefined && [user, password, otp].some((given) => given !== undefined))
      throw new UsageError('--api-key-file goes without --user, --password-file and --otp-file');
  },
  run: async (context, _values, options) => {
    const { url: address, user, 'password-file': passwordFile, 'otp-file': otpFile } = options;
    const { logIn, checkKey } = await import('../log-in.ts');
    if (address.apiKeyFile !== undefined) {
      const me = await checkKey(address, address.apiKeyFile, context);
      return identity(me, address.url, [
        `The key is good. Nothing of it is kept: give it with --api-key-file ${address.apiKeyFile}.`,
      ]);
    }
    const me = await logIn(address, { user, passwordFile, otpFile }, context);
    return identity(me, address.url, [`Every command takes --url ${address.url} now, until you log out.`]);
  },
});

function identity(me: LoggedIn, place: string, messages: readonly string[] = []): Outcome {
  const { person, server, rights, expiresAt } = me;
  return {
    document: { person, server, rights, expiresAt },
    lines: [
      ...columns([
        ['Person', person.id === null ? person.name : `${person.name} (${person.id})`],
        ['Roles', person.roles.length === 0 ? 'none' : person.roles.join(', ')],
        ['Server', `${server.name} (${server.id}), ${place}`],
        ['Until', expiresAt === null ? 'without end' : when(expiresAt)],
      ]),
      ...(rights.length === 0 ? ['No rights.'] : ['Rights', ...rightLines(rights)]),
    ],
    messages,
  };
}

const whoami = command({
  summary: 'show who calls: the person, their rights, and until when',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--url https://keys.example:8444',
  run: async (context, _values, { data: address }) => {
    const client = await context.connect(address);
    return identity(await client('whoAmI', {}), address.at === 'url' ? address.url : address.directory);
  },
});

const logout = command({
  summary: 'end the session at a server, and remove what login kept',
  positionals: {},
  options: { url: urlOption('the address of the server') },
  example: '--url https://keys.example:8444',
  run: async (context, _values, { url: address }) => {
    const { forgetLogin, readLogin } = await import('../kept-logins.ts');
    const { url } = address;
    const { logins } = context.places;
    const client = await context.connect(address);
    const kept = readLogin(logins, url);
    // Forgotten first, so that this machine never uses it again, whatever the server answers.
    forgetLogin(logins, url);
    if (kept === undefined || kept.session === null) {
      const forgotten = kept === undefined ? '' : ' Its pinned certificate is forgotten.';
      return { document: {}, lines: [`Nobody was signed in at ${url} from here.${forgotten}`] };
    }
    try {
      await client('signOut', {});
    } catch (error) {
      if (codeOf(error) !== 'not-signed-in') throw stillOpen(error, kept.session.expiresAt);
    }
    return { document: {}, lines: [`${kept.session.person} is signed out of ${url}.`] };
  },
});

/** The error to report if the session is forgotten here but the server was not told. */
function stillOpen(error: unknown, expiresAt: string): unknown {
  if (!(error instanceof KeystairError)) return error;
  return new KeystairError(
    error.code,
    `what login kept is removed, but the server was not told: ${error.message}`,
    {
      nextStep: `the session ends at ${when(expiresAt)}; \`keystair sessions end\` ends it before`,
      cause: error,
    },
  );
}

export const loginCommand: Noun = {
  summary: 'sign in at a server over the network',
  verbs: {},
  alone: login,
};
export const logoutCommand: Noun = { summary: 'end the session at a server', verbs: {}, alone: logout };
export const whoamiCommand: Noun = { summary: 'who calls, and with which rights', verbs: {}, alone: whoami };
