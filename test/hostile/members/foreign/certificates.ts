/**
 * Key pairs and certificates in the forms of docs/PROTOCOL.md, section *Certificates and membership*: a joiner's,
 * signed by itself; an authority's; a server's and a member's.
 */
import { generateKeyPairSync, hash, type KeyObject, randomBytes, sign } from 'node:crypto';
import { bits, commonName, element, integer, objectId, octets, sequence, time, yes } from './der.ts';

export interface Pair {
  readonly privateKey: KeyObject;
  /** SubjectPublicKeyInfo. */
  readonly spki: Buffer;
}

export function makePair(): Pair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privateKey, spki: publicKey.export({ type: 'spki', format: 'der' }) };
}

export function privatePem({ privateKey }: Pair): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' });
}

export const fingerprint = (spki: Uint8Array): string => hash('sha256', spki, 'hex');

const ECDSA_WITH_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'));
const DAY_MS = 24 * 60 * 60 * 1000;

function extension(id: string, value: Uint8Array, critical = false): Buffer {
  return sequence(objectId(id), ...(critical ? [yes] : []), octets(value));
}

interface Draft {
  readonly subject: string;
  readonly spki: Buffer;
  readonly issuer: string;
  readonly by: Pair;
  readonly extensions: readonly Buffer[];
}

function certificate({ subject, spki, issuer, by, extensions }: Draft): string {
  const now = Date.now();
  const serial = randomBytes(16);
  serial[0] = 0x40;
  const toSign = sequence(
    element(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    ECDSA_WITH_SHA256,
    commonName(issuer),
    sequence(time(new Date(now - DAY_MS)), time(new Date(now + 30 * DAY_MS))),
    commonName(subject),
    spki,
    element(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', toSign, by.privateKey);
  const der = sequence(toSign, ECDSA_WITH_SHA256, bits(signature));
  const lines = der.toString('base64').replaceAll(/.{64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

const NO_AUTHORITY = extension('2.5.29.19', sequence(), true);
const AN_AUTHORITY = extension('2.5.29.19', sequence(yes), true);
const MAY_SIGN = extension('2.5.29.15', element(0x03, Buffer.from([2, 0x04])), true);
const USES = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' };

export function selfSigned(pair: Pair): string {
  const name = 'of foreign make';
  return certificate({ subject: name, issuer: name, spki: pair.spki, by: pair, extensions: [NO_AUTHORITY] });
}

export function authorityOf(pair: Pair): string {
  const name = 'foreign authority';
  const extensions = [AN_AUTHORITY, MAY_SIGN];
  return certificate({ subject: name, issuer: name, spki: pair.spki, by: pair, extensions });
}

/** @param of whose key it is. */
export function leaf(authority: Pair, use: 'server' | 'client', of: { id: string; spki: Buffer }): string {
  const name = element(0x86, Buffer.from(`urn:uuid:${of.id}`));
  return certificate({
    subject: of.id,
    issuer: 'foreign authority',
    spki: of.spki,
    by: authority,
    extensions: [
      NO_AUTHORITY,
      extension('2.5.29.37', sequence(objectId(USES[use]))),
      extension('2.5.29.17', sequence(name)),
    ],
  });
}
