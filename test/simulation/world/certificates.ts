/**
 * Certificates without cryptography: real X.509 in form, so that the server's own reading of dates works on them, and
 * a register in place of signatures. Making real ones takes threads and chance of its own.
 */
import { hash } from 'node:crypto';
import { CERTIFICATE_BACKDATE_MS, CERTIFICATE_MS } from '#domain/limits.ts';
import type { Authority } from '#transport/authority.ts';
import { judgeDates } from '#transport/certificate-fields.ts';
import type { PeerIdentity } from '#transport/peer-identity.ts';
import type { Credentials } from '#server/members/credentials.ts';

/** One certificate of a member, of which serial number and dates are overwritten. Its key has long been thrown away. */
const TEMPLATE = Buffer.from(
  'MIICIzCCAcmgAwIBAgIQclIJhDZOwrZVOuK34R6SbTAKBggqhkjOPQQDAjBCMUAwPgYDVQQDEzdLZXlzdGFpciBhdXRob3JpdHkgMDAwMDAw' +
    'MDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDAwMB4XDTI0MTIzMTAwMDAwMFoXDTI1MDEzMTAwMDAwMFowPzE9MDsGA1UEAxM0S2V5c3Rh' +
    'aXIgbWVtYmVyIDAwMDAwMDAwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDAwMTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHzbvHl3flFo' +
    'ZTkluRXFm/iyE9Gt3HWUTNh6YAwLITNfspwKIcn4jJNUg83Htn5ZUGsNFheGD7ziNkENAXYJ7J6jgaMwgaAwDAYDVR0TAQH/BAIwADAWBgNV' +
    'HSUBAf8EDDAKBggrBgEFBQcDAjA4BgNVHREEMTAvhi11cm46dXVpZDowMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDEwHQYD' +
    'VR0OBBYEFBNe9qo72e7cS2WlXXZr/F8Xc2QDMB8GA1UdIwQYMBaAFDm3/E9A5j2vjs4jpfxCRVewVYMgMAoGCCqGSM49BAMCA0gAMEUCIC1D' +
    'LmXVyGrk55fbeKwYuEJD6kYLoJa/cz2fuF558J9OAiEAlbnu0K7067CpfQh9FkZk3G/HRrK0Yc+89w/1al7Cf4k=',
  'base64',
);
const SERIAL_AT = 15;
const NOT_BEFORE_AT = 115;
const NOT_AFTER_AT = 130;
const SECOND_MS = 1000;

interface Registered {
  readonly authority: string;
  readonly memberId: string;
  readonly publicKey: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** What a caller shows of itself: the key it holds, and the certificate it has for it. */
export interface Presented {
  readonly publicKey: Uint8Array;
  readonly certificate: string | undefined;
}

/** Stands for both halves of a key pair. */
export function publicKeyOf(privateKey: string): Uint8Array {
  return hash('sha256', `public key of ${privateKey}`, 'buffer');
}

export function fingerprintOf(publicKey: Uint8Array): string {
  return hash('sha256', publicKey, 'hex');
}

/** The fingerprint by which an authority is pinned. */
export function fingerprintOfAuthority(authority: string): string {
  return hash('sha256', authority, 'hex');
}

export function simulatedAuthority(serverId: string): Authority {
  return {
    certificatePem: `simulated authority of ${serverId}`,
    privateKeyPem: `simulated key of ${serverId}`,
  };
}

/** UTCTime, RFC 5280 section 4.1.2.5.1. */
function utcTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(2, 19).replaceAll(/[-:T]/g, '')}Z`;
}

export class CertificateRegister {
  readonly #registered = new Map<string, Registered>();

  certify(authority: string, memberId: string, publicKey: Uint8Array, now: number) {
    const notBefore = Math.floor((now - CERTIFICATE_BACKDATE_MS) / SECOND_MS) * SECOND_MS;
    const notAfter = Math.floor((now + CERTIFICATE_MS) / SECOND_MS) * SECOND_MS;
    const der = Buffer.from(TEMPLATE);
    der.writeUInt32BE(this.#registered.size + 1, SERIAL_AT + 4);
    der.write(utcTime(notBefore), NOT_BEFORE_AT, 'latin1');
    der.write(utcTime(notAfter), NOT_AFTER_AT, 'latin1');
    const lines = der.toString('base64').replaceAll(/.{64}/g, '$&\n');
    const certificate = `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
    this.#registered.set(certificate, { authority, memberId, publicKey, notBefore, notAfter });
    return { certificate, notAfter };
  }

  /** Who calls a server of that authority, by the server's clock. */
  identify(presented: Presented, authority: string, now: number): PeerIdentity {
    const publicKey = Buffer.from(presented.publicKey);
    const fingerprint = fingerprintOf(publicKey);
    const found =
      presented.certificate === undefined ? undefined : this.#registered.get(presented.certificate);
    if (found === undefined || found.authority !== authority) {
      return { kind: 'self-signed', publicKey, fingerprint };
    }
    // A certificate without its private key gets nobody through the handshake.
    if (Buffer.compare(found.publicKey, publicKey) !== 0) return { kind: 'none' };
    const { memberId, notBefore, notAfter } = found;
    const dates = judgeDates({ notBefore, notAfter }, now);
    return { kind: 'member', memberId, publicKey, fingerprint, dates, notBefore, notAfter };
  }

  credentials(authority: Authority, address: string, clock: () => number): Credentials {
    const authorityPem = authority.certificatePem;
    return {
      fingerprint: fingerprintOfAuthority(authorityPem),
      authorityPem,
      addresses: () => [address],
      certify: async (memberId, publicKey) => {
        const { certificate, notAfter } = this.certify(authorityPem, memberId, publicKey, clock());
        return { certificate, authority: authorityPem, notAfter: new Date(notAfter).toISOString() };
      },
    };
  }
}
