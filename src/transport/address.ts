/**
 * Addresses as people write them: HOST:PORT, with an IPv6 host in brackets. They are hints where to dial and names in
 * a certificate, never a reason to trust.
 */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { KeystairError } from '#domain/errors.ts';

export interface Address {
  /** A host name or an IP, without brackets. */
  readonly host: string;
  readonly port: number;
}

const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/@]+)):(\d{1,5})$/;

/** Throws `invalid-argument`. */
export function parseAddress(text: string): Address {
  const [, bracketed, plain, digits] = ADDRESS.exec(text) ?? [];
  const port = Number(digits);
  const host = bracketed ?? plain;
  if (host === undefined || port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)) {
    throw new KeystairError(
      'invalid-argument',
      `${JSON.stringify(text)} is not an address of the form HOST:PORT`,
      {
        nextStep:
          'write a name or an IP, a colon and a port, for instance office.example:8443 or [2001:db8::1]:8443',
      },
    );
  }
  return { host, port };
}

export type CertificateName = { readonly type: 'dns' | 'ip'; readonly value: string };

/** The name a certificate carries for an address, given as HOST or HOST:PORT. Throws `invalid-argument`. */
export function certificateName(address: string): CertificateName {
  const host = ADDRESS.test(address) ? parseAddress(address).host : address.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0) return { type: 'ip', value: host };
  const value = domainToASCII(host);
  if (value === '') {
    throw new KeystairError('invalid-argument', `${JSON.stringify(address)} is not a host name`, {
      nextStep: 'write a name or an IP, for instance office.example or 192.0.2.1',
    });
  }
  return { type: 'dns', value };
}
