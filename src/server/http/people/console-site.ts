/**
 * Where people reach the listener, and where a request comes from.
 *
 * Invariant: what a proxy says about the caller counts only if the operator trusts the proxy. All requests behind a
 * proxy come from its address, so limits per address would otherwise apply to everybody together.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { KeystairError } from '#domain/errors.ts';
import { type Address, isLoopback, LOOPBACK_NAME, peopleOrigin } from '#transport/address.ts';
import type { Site } from './request-origin.ts';

export interface ConsoleAddress {
  readonly secure: boolean;
  readonly listen: Address;
  /** The address that people use, if it differs, for example that of a proxy. */
  readonly url: string | undefined;
}

function inBrackets(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** The origin of a listener at that port, as people are told it. */
export function originOf({ secure, listen, url }: ConsoleAddress, port: number): string {
  // Without TLS the address works on this machine alone. It uses the name, because browsers allow no passkeys at an IP
  // address.
  return url ?? (secure ? `https://${inBrackets(listen.host)}:${port}` : `http://${LOOPBACK_NAME}:${port}`);
}

/** Every host name that a request to the listener may use. */
export function siteOf(address: ConsoleAddress, port: number): Site {
  const { secure, listen, url } = address;
  const scheme = secure ? 'https' : 'http';
  const names = isLoopback(listen.host) ? [listen.host, LOOPBACK_NAME] : [listen.host];
  const origins = names.map((name) => new URL(`${scheme}://${inBrackets(name)}:${port}`));
  if (url !== undefined) origins.push(new URL(url));
  return {
    hosts: new Set(origins.map(({ host }) => host)),
    origins: new Set(origins.map(({ origin }) => origin)),
  };
}

/** Reads a configured address of the console. Throws `invalid-argument`. */
export function readConsoleUrl(text: string): string {
  const origin = peopleOrigin(text);
  if (origin !== undefined) return origin;
  throw new KeystairError('invalid-argument', `${JSON.stringify(text)} is not the address of a console`, {
    nextStep: 'write it like https://keys.example:8444, without a path',
  });
}

/** @param trusted addresses and subnets of proxies. Throws `invalid-argument`. */
export function readTrustedProxies(trusted: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of trusted) {
    const [address = '', bits] = text.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    try {
      if (isIP(address) === 0) throw new Error('no address');
      if (bits === undefined) list.addAddress(address, family);
      else list.addSubnet(address, Number(bits), family);
    } catch (cause) {
      throw new KeystairError('invalid-argument', `${JSON.stringify(text)} is not the address of a proxy`, {
        nextStep: 'write an IP address or a subnet, like 192.0.2.7 or 192.0.2.0/24',
        cause,
      });
    }
  }
  return list;
}

/** The sender's address: the last address on the request's way that is not a trusted proxy. */
export function callerAddress({ socket, headers }: IncomingMessage, trusted: BlockList): string {
  const forwarded = headers['x-forwarded-for'];
  const told = (typeof forwarded === 'string' ? forwarded : '').split(',').map((part) => part.trim());
  const way = [...told, plainAddress(socket.remoteAddress ?? '')];
  let address = way.pop()!;
  while (way.length > 0 && isTrusted(address, trusted)) {
    const before = way.pop()!;
    if (isIP(before) === 0) break;
    address = before;
  }
  return address;
}

function isTrusted(address: string, trusted: BlockList): boolean {
  const family = isIP(address);
  return family !== 0 && trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** A listener on both families sees an IPv4 caller as an IPv6 address. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
