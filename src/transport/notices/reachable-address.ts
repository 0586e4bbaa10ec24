/**
 * Which addresses a webhook may lead to. The name is looked up for the connection itself, and the address that comes
 * out of that look-up is judged: a name that answers differently the second time gains nothing.
 *
 * Invariant: never this machine and never its link, where services trust every caller, unless the operator lists that
 * very address. A private address is a receiver inside the organisation, and is allowed.
 */
import { lookup as lookUpName, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** One for each family: a list takes an IPv4 address for one of IPv6 that carries it. */
const NEVER_IPV4 = new BlockList();
const NEVER_IPV6 = new BlockList();
for (const [address, bits] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
] as const) {
  NEVER_IPV4.addSubnet(address, bits, 'ipv4');
}
for (const [address, bits] of [
  ['::', 127],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
  // Ways to write or carry an IPv4 address inside, which would be judged by what it is not.
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['2002::', 16],
] as const) {
  NEVER_IPV6.addSubnet(address, bits, 'ipv6');
}

/** @param allowed addresses that the operator lists, although they are of the kinds that are refused. */
export function isReachable(address: string, allowed: readonly string[]): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  if (allowed.includes(address)) return true;
  return family === 6 ? !NEVER_IPV6.check(address, 'ipv6') : !NEVER_IPV4.check(address, 'ipv4');
}

export function unreachable(host: string): Error {
  return new Error(
    `${host} is an address that a webhook may never go to, and its allowAddresses does not list it`,
  );
}

/** For a connection. A name of which one address is refused is refused whole. */
export function reachableLookup(allowed: readonly string[]): LookupFunction {
  return (hostname, options: LookupOptions, callback) => {
    lookUpName(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) return callback(error, '', 0);
      const [first] = found;
      if (first === undefined || found.some(({ address }) => !isReachable(address, allowed)))
        return callback(unreachable(hostname), '', 0);
      return options.all === true ? callback(null, found) : callback(null, first.address, first.family);
    });
  };
}
