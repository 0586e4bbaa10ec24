/**
 * A visit: what is known about a caller who has not signed in, and the cookies that will identify them.
 *
 * Invariant: no script can read the cookie, and it goes to no other site. Its name contains the server's id, because
 * browsers send cookies to every port of a host, and two servers may share a host.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';
import type { Visitor } from '../../people/visitor.ts';

/** For a browser's own description, shown in lists of sessions. */
const AGENT_LENGTH_MAX = 200;

/** How sessions travel at one listener. */
export interface CookieForm {
  /** The session cookie's name. */
  readonly name: string;
  /** The name of the known device's cookie, which outlives sessions. */
  readonly deviceName: string;
  /** Sent over TLS only. */
  readonly secure: boolean;
}

/** The `__Host-` prefix makes browsers insist on TLS and this host. Over plain HTTP they would reject such a cookie. */
export function cookieForm(serverId: string, secure: boolean): CookieForm {
  const prefix = secure ? '__Host-' : '';
  return {
    name: `${prefix}keystair-${serverId}`,
    deviceName: `${prefix}keystair-device-${serverId}`,
    secure,
  };
}

export interface Visit extends Visitor {
  readonly dropSession: () => void;
}

/** Later cookies of one answer are added to the earlier ones. */
export function createVisit(
  request: FastifyRequest,
  reply: FastifyReply,
  cookie: CookieForm,
  { address, url }: { readonly address: string; readonly url: string },
): Visit {
  const { name, deviceName, secure } = cookie;
  const keep = (named: string, token: string, maxAgeMs: number): void =>
    void reply.header('set-cookie', setCookie(named, secure, token, maxAgeMs));
  return {
    address,
    url,
    agent: agentOf(request.raw),
    session: cookieOf(request.raw, name),
    device: cookieOf(request.raw, deviceName),
    keepSession: (token, maxAgeMs) => keep(name, token, maxAgeMs),
    keepDevice: (token, maxAgeMs) => keep(deviceName, token, maxAgeMs),
    dropSession: () => keep(name, '', 0),
  };
}

function setCookie(name: string, secure: boolean, token: string, maxAgeMs: number): string {
  const parts = [`${name}=${token}`, 'Path=/', `Max-Age=${Math.floor(maxAgeMs / 1000)}`];
  return [...parts, 'HttpOnly', 'SameSite=Strict', ...(secure ? ['Secure'] : [])].join('; ');
}

/** Throws `invalid-argument` if the cookie comes twice, because an attacker may have planted one of them. */
export function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  const values = (headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  if (values.length < 2) return values[0];
  throw new KeystairError('invalid-argument', 'the request has the session cookie of this server twice', {
    nextStep: step('sign-in-again'),
  });
}

function agentOf({ headers }: IncomingMessage): string {
  // The parser refused what no header may contain. The rest is escaped when shown.
  return (headers['user-agent'] ?? '').slice(0, AGENT_LENGTH_MAX);
}
