/**
 * Checks that a request was meant for this listener and came from one of its pages or from no page at all. This keeps
 * out a foreign page in the browser of a person here: one that calls us across sites, and one whose own name was
 * pointed at our address since (DNS rebinding). Every listener that people reach checks this before anything else.
 */
import type { IncomingMessage } from 'node:http';
import { KeystairError } from '#domain/errors.ts';

export interface Site {
  /** The allowed values of the `Host` header. */
  readonly hosts: ReadonlySet<string>;
  /** The origins of the pages that are served here. Empty: no browser is served, and none may call. */
  readonly origins: ReadonlySet<string>;
}

/** For the socket of the data directory: the host that Node and curl send when there is none. */
export const LOCAL_SITE: Site = { hosts: new Set(['localhost']), origins: new Set() };

/** What a browser sends for a request made by a page of ours or by a person who typed the address. */
const OWN_FETCH = new Set(['same-origin', 'none']);

/** Throws `not-allowed`. */
export function requireOwnOrigin({ headers, headersDistinct }: IncomingMessage, site: Site): void {
  const host = headers.host?.toLowerCase() ?? '';
  // With several headers, the last one would be as good a choice as the first.
  if (!site.hosts.has(host) || headersDistinct['host']?.length !== 1)
    throw elsewhere('the request names another host than this one');
  const { origin } = headers;
  if (origin !== undefined && !site.origins.has(origin))
    throw elsewhere('the request comes from a page of another address');
  const from = headers['sec-fetch-site'];
  if (from === undefined) return;
  if (site.origins.size === 0 || typeof from !== 'string' || !OWN_FETCH.has(from))
    throw elsewhere('the request comes from a page of another address');
}

function elsewhere(sentence: string): KeystairError {
  return new KeystairError('not-allowed', sentence, {
    nextStep: 'call the server by the address it names, and not from a page of another one',
  });
}
