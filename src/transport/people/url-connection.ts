/**
 * The connection to a server at a URL: TLS 1.3 to a verified server, or plain HTTP to this machine. Each request
 * identifies its caller and, as servers demand of changes made with a session, says that it is meant for this server.
 */
import type { IncomingMessage } from 'node:http';
import { PROGRAM_VERSION } from '#protocol/version.ts';
import { request as httpRequest } from '../built-in-http.ts';
import { brokenOff } from '../connection-failure.ts';
import { JudgedConnections, type Trust } from './judged-connections.ts';
import type { PeopleConnection } from './people-connection.ts';

/** What a server gives to keep: a session, or the mark of a known device, which outlives sessions and opens nothing. */
export type Kept = 'session' | 'device';

/** How the server knows who calls. */
export interface Identification {
  /** Headers for the next request. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** Called when the server gives something to keep, as `name=value`, or ends it. */
  readonly keep?: (what: Kept, cookie: string | undefined) => void;
}

/** Before sign-in. */
export const UNKNOWN_CALLER: Identification = { headers: () => ({}) };

export interface UrlAddress {
  /** The origin, as `https://keys.example:8444`. */
  readonly url: string;
  readonly trust: Trust;
  readonly caller: Identification;
}

export function urlConnection({ url, trust, caller }: UrlAddress): PeopleConnection {
  const address = new URL(url);
  const agent = new JudgedConnections(address, trust);
  const own = {
    host: address.host,
    origin: address.origin,
    'user-agent': `keystair/${PROGRAM_VERSION} (${process.platform})`,
  };
  return {
    begin: ({ method, path, headers, signal }) => {
      const request = httpRequest({
        agent,
        method,
        path,
        headers: { ...headers, ...own, ...caller.headers() },
        ...(signal === undefined ? {} : { signal }),
      });
      request.prependOnceListener('response', (answer) => {
        for (const { what, cookie } of givenIn(answer, address.protocol === 'https:'))
          caller.keep?.(what, cookie);
      });
      return request;
    },
    broken: (cause) => brokenOff(`the server at ${url}`, cause),
  };
}

/** Browsers guarantee for this prefix that the host itself set the cookie, over TLS. */
const SECURE_COOKIE = /^__Host-keystair-(device-)?[0-9a-f-]{36}=([\w.~+/-]*=*)(?=;|$)/;
const PLAIN_COOKIE = /^keystair-(device-)?[0-9a-f-]{36}=([\w.~+/-]*=*)(?=;|$)/;

/** What an answer gives to keep or ends. */
function* givenIn(
  { headers }: Pick<IncomingMessage, 'headers'>,
  secure: boolean,
): Generator<{ readonly what: Kept; readonly cookie: string | undefined }> {
  for (const line of headers['set-cookie'] ?? []) {
    const [pair, device, token] = (secure ? SECURE_COOKIE : PLAIN_COOKIE).exec(line) ?? [];
    if (pair === undefined) continue;
    const ended = token === '' || /; *max-age=0 *(?:;|$)/i.test(line);
    yield { what: device === undefined ? 'session' : 'device', cookie: ended ? undefined : pair };
  }
}
