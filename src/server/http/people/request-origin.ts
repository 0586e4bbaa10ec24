/**
 * Whether a request was meant for this listener, and came from a page of it or from no page at all. What it keeps out is
 * a page of somebody else in the browser of a person here: one that calls us across sites, and one whose own name was
 * pointed at our address since (DNS rebinding). Every listener that people reach asks this before anything else.
 */
import type { IncomingMessage } from 'node:http';
import { KeystairError } from '#domain/errors.ts';

export interface Site {
  /** What the header `Host` may be. */
  readonly hosts: ReadonlySet<string>;
  /** Of the pages that are served here. Empty: no browser is served, and none may call. */
  readonly origins: ReadonlySet<string>;
}

/** Of the data directory's socket: what Node and curl say where there is no host. */
export const LOCAL_SITE: Site = { hosts: new Set(['localhost']), origins: new Set() };

/** What a browser says of a request that a page of ours made, or a person by typing the address. */
const OWN_FETCH = new Set(['same-origin', 'none']);

/** Throws `not-allowed`. */
export function demandOwnOrigin({ headers, headersDistinct }: IncomingMessage, site: Site): void {
  const host = headers.host?.toLowerCase() ?? '';
  // The last one of several would be as good a choice as the first.
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
