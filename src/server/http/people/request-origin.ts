/**
 * Checks that a request is meant for this listener and comes from one of its pages or from no page. This stops foreign
 * pages in a person's browser: pages that call us across sites, and pages whose name was later pointed at our address
 * (DNS rebinding). Every listener for people checks this first.
 */
import type { IncomingMessage } from 'node:http';
import { KeystairError } from '#domain/errors.ts';
import { misread, odd, PEOPLE } from '../replies.ts';

export interface Site {
  /** The allowed values of the `Host` header. */
  readonly hosts: ReadonlySet<string>;
  /** The origins of the pages served here. If empty, no browser may call. */
  readonly origins: ReadonlySet<string>;
}

/** For the socket of the data directory: the host that Node and curl send by default. */
export const LOCAL_SITE: Site = { hosts: new Set(['localhost']), origins: new Set() };

/** What a browser sends for requests from our own pages, or from a person who typed the address. */
const OWN_FETCH = new Set(['same-origin', 'none']);

/**
 * Headers that decide something. Given twice, a proxy and we might each count another one; of some, Node drops the
 * second without a word.
 */
const ONCE = [
  'authorization',
  'content-type',
  'cookie',
  'host',
  'idempotency-key',
  'if-match',
  'keystair-approval',
  'origin',
  'prefer',
  'sec-fetch-site',
];

/** Throws `not-allowed`. */
export function requireOwnOrigin(request: IncomingMessage, site: Site): void {
  const { headers, headersDistinct } = request;
  const host = headers.host?.toLowerCase() ?? '';
  const twice = ONCE.find((name) => (headersDistinct[name]?.length ?? 0) > 1);
  if (!site.hosts.has(host) || twice === 'host')
    throw elsewhere('the request names a host that is not this server');
  if (twice !== undefined) throw misread(PEOPLE, `the header ${twice} is given twice`);
  const { origin } = headers;
  if (origin !== undefined && !site.origins.has(origin))
    throw elsewhere('the request comes from a page of another address');
  const from = headers['sec-fetch-site'];
  if (from === undefined || (site.origins.size > 0 && isVisit(request))) return;
  if (site.origins.size === 0 || typeof from !== 'string' || !OWN_FETCH.has(from))
    throw elsewhere('the request comes from a page of another address');
}

/**
 * Whether somebody follows a link to one of our pages from a mail or another site, for example a set-up link or the way
 * back from a provider. This is safe: the browser sends no cookie, shows no frame, and the page only reads.
 */
function isVisit({ method, url, headers }: IncomingMessage): boolean {
  const isPage = method === 'GET' && url?.startsWith('/api/') !== true;
  return isPage && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
}

function elsewhere(sentence: string): KeystairError {
  return odd(
    new KeystairError('not-allowed', sentence, {
      nextStep: 'call the server by the address that it shows, and not from a page of another site',
    }),
  );
}
