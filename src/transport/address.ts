/**
 * Addresses as people write them: HOST:PORT, with an IPv6 host in brackets. They are hints where to dial and names in a
 * certificate, never a reason to trust.
 *
 * Invariant: every reader sees the same host. Text that the name service, a certificate or a browser would take for
 * another host than the one written (`127.1`, `0x7f000001`, `%31`, `a?b`) is no address.
 */
import { BlockList, isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { KeystairError } from '#domain/errors.ts';

export interface Address {
  /** A host name or an IP, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Letters of any language; separators of a URL, escapes and controls are not allowed. */
const HOST_CHARACTERS = /^[\p{L}\p{M}\p{N}._-]+$/u;
/** RFC 1123 section 2.1, and the underscore in names of containers. */
const HOST_NAME =
  /^(?!.{254})[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/;

/** The form in which the name service is asked, or undefined where it is neither an IP nor a name. */
function asciiHost(host: string): string | undefined {
  if (isIP(host) !== 0) return host;
  if (!HOST_CHARACTERS.test(host)) return undefined;
  const ascii = domainToASCII(host);
  // A name that becomes an IP is an IP in another spelling.
  return isIP(ascii) === 0 && HOST_NAME.test(ascii) ? ascii : undefined;
}

const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/@]+)):(\d{1,5})$/;

/** Undefined where it is no address. */
export function readAddress(text: string): Address | undefined {
  const [, bracketed, plain, digits] = ADDRESS.exec(text) ?? [];
  const port = Number(digits);
  const host = bracketed ?? plain;
  const isHost = bracketed === undefined ? asciiHost(host ?? '') !== undefined : isIP(bracketed) === 6;
  return host === undefined || port > 65_535 || !isHost ? undefined : { host, port };
}

/** Throws `invalid-argument`. */
export function parseAddress(text: string): Address {
  const address = readAddress(text);
  if (address !== undefined) return address;
  throw new KeystairError(
    'invalid-argument',
    `${JSON.stringify(text)} is not an address of the form HOST:PORT`,
    {
      nextStep:
        'write a name or an IP, a colon and a port, for instance office.example:8443 or [2001:db8::1]:8443',
    },
  );
}

export type CertificateName = { readonly type: 'dns' | 'ip'; readonly value: string };

/** The name a certificate carries for an address, given as HOST or HOST:PORT. Throws `invalid-argument`. */
export function certificateName(address: string): CertificateName {
  const host = readAddress(address)?.host ?? address.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0) return { type: 'ip', value: host };
  const value = asciiHost(host);
  if (value === undefined) {
    throw new KeystairError('invalid-argument', `${JSON.stringify(address)} is not a host name`, {
      nextStep: 'write a name or an IP, for instance office.example or 192.0.2.1',
    });
  }
  return { type: 'dns', value };
}

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '*']);

/** Every address of this machine: to listen on, and nothing that anyone can dial. */
export function isWildcard({ host }: Address): boolean {
  return WILDCARDS.has(host);
}

/** A name of this machine that only reaches this machine. */
export const LOOPBACK_NAME = 'localhost';
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** @param host without brackets. */
export function isLoopback(host: string): boolean {
  if (host === LOOPBACK_NAME) return true;
  const family = isIP(host);
  return family !== 0 && LOOPBACK.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

/** The origin of a people's listener: without TLS only of this machine. Undefined where the text is no such URL. */
export function peopleOrigin(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.href !== `${url.origin}/`) return undefined;
  const plain = url.protocol === 'http:' && isLoopback(url.hostname.replace(/^\[(.*)\]$/, '$1'));
  return url.protocol === 'https:' || plain ? url.origin : undefined;
}
