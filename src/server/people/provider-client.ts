/**
 * The conversation with a provider (OpenID Connect Core 1.0): where to send a person, and what the provider says about
 * them when they return.
 *
 * Invariants: issuer and subject identify a person, a mail address never does. The answer belongs to this visitor's
 * request (state, nonce, PKCE), and a key of the provider signed the token. The server asks a provider only when
 * somebody chooses it, so a provider that is down stops neither the server's start nor other ways of signing in.
 */
import type { Configuration } from 'openid-client';
import { NamedFileFault, readGuardedSecret } from '#disk/named-file.ts';
import { KeystairError } from '#domain/errors.ts';
import type { Log } from '../environment/environment.ts';
import type { ProviderSettings } from './provider-settings.ts';

/** A person waits for it. */
const PROVIDER_SECONDS_MAX = 10;

/** The values of a sign-in under way that the answer must match. */
export interface ProviderChecks {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** The person must sign in at the provider now, even if they have a session there. */
  readonly fresh: boolean;
}

export interface Vouched {
  readonly issuer: string;
  readonly subject: string;
  /** The provider's display name for them; undefined if it gives none. */
  readonly name: string | undefined;
  readonly groups: readonly string[];
  /** When they signed in there, Unix ms; undefined if the provider does not say. */
  readonly signedInAt: number | undefined;
}

/** Nobody is in more groups than this; a token could hold about as many. */
const GROUPS_MAX = 1000;

/** Loaded when the first person chooses a provider. */
const library = () => import('openid-client');

export class ProviderClient {
  readonly settings: ProviderSettings;
  readonly #log: Log;
  #configuration: Promise<Configuration> | undefined;

  constructor(settings: ProviderSettings, log: Log) {
    this.settings = settings;
    this.#log = log;
  }

  /** Throws `server-unreachable`, `password-exposed`. */
  async addressFor(redirectUri: string, checks: ProviderChecks): Promise<string> {
    const client = await library();
    const configuration = await this.#discovered();
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: ['openid', ...this.settings.scopes].join(' '),
      state: checks.state,
      nonce: checks.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(checks.verifier),
      code_challenge_method: 'S256',
      ...(checks.fresh ? { max_age: '0', prompt: 'login' } : {}),
    });
    return url.href;
  }

  /** Undefined if the answer does not verify, or the provider refused. Throws `server-unreachable`. */
  async judge(answer: URL, checks: ProviderChecks): Promise<Vouched | undefined> {
    const client = await library();
    const configuration = await this.#discovered();
    try {
      const tokens = await client.authorizationCodeGrant(configuration, answer, {
        expectedState: checks.state,
        expectedNonce: checks.nonce,
        pkceCodeVerifier: checks.verifier,
        ...(checks.fresh ? { maxAge: 0 } : {}),
      });
      const claims = tokens.claims();
      if (claims === undefined) return undefined;
      const { iss, sub, auth_time: at, name, preferred_username: short } = claims;
      const groups = claims[this.settings.groupsClaim];
      return {
        issuer: iss,
        subject: sub,
        name: [name, short].find((one) => typeof one === 'string'),
        groups: Array.isArray(groups)
          ? groups.filter((one) => typeof one === 'string').slice(0, GROUPS_MAX)
          : [],
        signedInAt: typeof at === 'number' ? at * 1000 : undefined,
      };
    } catch {
      // The library throws if anything does not fit. Its messages may contain what was sent, so they are dropped.
      return undefined;
    }
  }

  async #discovered(): Promise<Configuration> {
    this.#configuration ??= this.#discover();
    try {
      return await this.#configuration;
    } catch (cause) {
      this.#configuration = undefined;
      if (cause instanceof KeystairError) throw cause;
      throw new KeystairError('server-unreachable', `${this.settings.name} did not answer like a provider`, {
        nextStep: 'sign in another way, or try again later',
        cause,
      });
    }
  }

  async #discover(): Promise<Configuration> {
    const client = await library();
    const { issuer, clientId } = this.settings;
    // The configuration allows plain HTTP only for this machine.
    const plain = issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [];
    return client.discovery(
      issuer,
      clientId,
      undefined,
      client.ClientSecretBasic(readSecret(this.settings, this.#log)),
      {
        timeout: PROVIDER_SECONDS_MAX,
        execute: [client.enableNonRepudiationChecks, ...plain],
      },
    );
  }
}

/** Providers make secrets of some dozens of characters. */
const CLIENT_SECRET_BYTES_MAX = 1024;
const TELL = 'sign in another way, and tell an administrator of this server: its log says which file it is';

/** The secret stands for this server at the provider, so nobody else may read it. Strangers are not told where it is. */
function readSecret({ name, clientSecretFile: path }: ProviderSettings, log: Log): string {
  try {
    return readGuardedSecret(path, CLIENT_SECRET_BYTES_MAX).trim();
  } catch (cause) {
    if (!(cause instanceof NamedFileFault)) throw cause;
    const { because, exposed } = cause;
    const event = 'provider-secret-refused';
    log.error(
      { event, path, because, nextStep: exposed?.nextStep },
      `the secret of a provider, ${path}, ${because}`,
    );
    const [code, what] =
      exposed !== undefined
        ? (['password-exposed', 'is open to other users of its machine'] as const)
        : (['invalid-argument', 'cannot be read'] as const);
    throw new KeystairError(code, `the secret of this server at ${name} ${what}`, { nextStep: TELL, cause });
  }
}
