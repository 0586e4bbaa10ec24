/**
 * Where passkeys are valid: only at the host by which people reach the console. Browsers make none for an IP address,
 * and none over HTTP unless the host is this machine.
 */
import { isIP } from 'node:net';
import { KeystairError } from '#domain/errors.ts';

export interface PasskeyPlace {
  /** The host. */
  readonly rpId: string;
  /** The origin of the pages that may ask for one. */
  readonly origin: string;
}

export function passkeyPlaceOf(url: string | null): PasskeyPlace | { readonly because: string } {
  if (url === null) return { because: 'this server has no console' };
  const { hostname, origin, protocol } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0)
    return { because: `people reach this console at an IP address (${host}), and passkeys need a name` };
  if (protocol !== 'https:' && host !== 'localhost')
    return { because: 'people reach this console without TLS, and passkeys need it' };
  return { rpId: host, origin };
}

/** Throws `invalid-argument`. */
export function requirePasskeyPlace(url: string | null): PasskeyPlace {
  const place = passkeyPlaceOf(url);
  if ('rpId' in place) return place;
  throw new KeystairError('invalid-argument', place.because, {
    nextStep:
      'sign in with a password and a code, or set console.url in the configuration to an address with a name',
  });
}
