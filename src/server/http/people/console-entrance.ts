/**
 * Who calls over the network: a session by its cookie, or a service account by its key.
 *
 * Invariants: a request with a cookie that changes something must have the origin of a page of ours, because a browser
 * sends the cookie with any page's requests. A request with both a cookie and a key is refused.
 */
import type { IncomingMessage } from 'node:http';
import { KeystairError } from '#domain/errors.ts';
import type { Person } from '#domain/right.ts';
import { notSignedIn } from '../../people/known-people.ts';
import type { Authenticate } from './gate.ts';
import type { Site } from './request-origin.ts';
import { type CookieForm, cookieOf } from './visit.ts';

/**
 * Identifies people by what they send. Both throw `not-signed-in`.
 *
 * @param purpose `look` if it must not count as a use.
 */
export interface KnownPeople {
  readonly bySession: (token: string, purpose?: 'use' | 'look') => Promise<Person>;
  readonly byApiKey: (key: string, purpose?: 'use' | 'look') => Promise<Person>;
}

const BEARER = /^Bearer ([\x21-\x7e]{1,200})$/;
const SAFE_METHODS: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD']);

export function createAuthenticate(known: KnownPeople, cookie: CookieForm, site: Site): Authenticate {
  return async (request, purpose) => {
    const token = cookieOf(request, cookie.name);
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      const key = BEARER.exec(authorization)?.[1];
      if (key === undefined || token !== undefined) throw notSignedIn();
      return known.byApiKey(key, purpose);
    }
    if (token === undefined) throw notSignedIn();
    requirePageOfOurs(request, site);
    return known.bySession(token, purpose);
  };
}

/** Throws `not-allowed`. */
export function requirePageOfOurs({ method, headers }: IncomingMessage, { origins }: Site): void {
  if (SAFE_METHODS.has(method)) return;
  if (headers.origin !== undefined && origins.has(headers.origin)) return;
  throw new KeystairError(
    'not-allowed',
    'the request does not say that it comes from a page of this server',
    {
      nextStep:
        'call the server with the header Origin, as its own pages do, or with the key of a service account',
    },
  );
}
