/**
 * Certificates that a server must take for a stranger's, each made as an attacker, a careless tool or a later defect of
 * ours might make it. Unless that is what is wrong with them, they name a real member, the victim, and are over its own
 * key: so nothing but the certificate itself is in the way.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import type { Authority } from '#transport/authority.ts';
import type { TlsCredentials } from '#transport/tls-context.ts';
import {
  CLIENT_AUTH,
  flipBit,
  type Forged,
  type Forgery,
  forge,
  forgeMember as forgeAnyMember,
  issuerOf,
  SERVER_AUTH,
  x509,
} from './forge.ts';
import { type Badge, DAY_MS, NOW, openOffice } from './office.ts';

export interface Attacked {
  readonly serverId: string;
  readonly authority: Authority;
  /** With which the server itself answers. */
  readonly credentials: TlsCredentials;
  readonly victim: Badge;
}

type Kinds = Readonly<Record<string, () => Promise<TlsCredentials> | TlsCredentials>>;

/** A chain: what a holder of `leaf` sends who wants OpenSSL to find an issuer. */
function chained(leaf: Forged, ...issuers: readonly { readonly certificatePem: string }[]): Forged {
  return {
    ...leaf,
    certificatePem: leaf.certificatePem + issuers.map((each) => each.certificatePem).join(''),
  };
}

/** The dates are those of the office's clock. */
export async function hostileCertificates({
  serverId,
  authority,
  credentials,
  victim,
}: Attacked): Promise<Kinds> {
  const [other, twin] = await Promise.all([openOffice(), openOffice(NOW, serverId)]);
  const urn = () => ({ type: 'url', value: `urn:uuid:${victim.memberId}` }) as const;
  const privateKey = createPrivateKey(victim.pair.privateKeyPem);
  const keys = { publicKey: createPublicKey(privateKey), privateKey };
  const forgeMember = (signer: Authority | undefined, changed: Forgery = {}): Promise<Forged> =>
    forgeAnyMember(signer, { keys, names: [[urn()]], ...changed });

  const signedByMember = async (): Promise<Forged> => {
    const leaf = await forgeMember(undefined, { issuerName: `Keystair member ${victim.memberId}` });
    return chained(leaf, victim.credentials, authority);
  };

  const underForgedAuthority = async (): Promise<Forged> => {
    const fake = await forge(undefined, { subject: issuerOf(authority), authority: true });
    return chained(await forgeMember(twin.authority), fake, authority);
  };

  return {
    'an RSA key': () => forgeMember(authority, { keys: generateKeyPairSync('rsa', { modulusLength: 2048 }) }),
    'a P-384 key': () => forgeMember(authority, { keys: generateKeyPairSync('ec', { namedCurve: 'P-384' }) }),
    'an Ed25519 key': () => forgeMember(authority, { keys: generateKeyPairSync('ed25519') }),
    'an authority as a caller': () => forgeMember(authority, { authority: true }),
    "the authority's own certificate": () => authority,
    'no extended key usage': () => forgeMember(authority, { usages: [] }),
    "a server's key usage": () => forgeMember(authority, { usages: [SERVER_AUTH] }),
    'both key usages': () => forgeMember(authority, { usages: [CLIENT_AUTH, SERVER_AUTH] }),
    'any key usage': () => forgeMember(authority, { usages: ['2.5.29.37.0'] }),
    "the server's own certificate": () => credentials,
    'two URNs': () =>
      forgeMember(authority, { names: [[urn(), { type: 'url', value: `urn:uuid:${randomUUID()}` }]] }),
    'two lists of names': () => forgeMember(authority, { names: [[urn()], [urn()]] }),
    'two lists of key usages': () =>
      forgeMember(authority, { extensions: [new x509.ExtendedKeyUsageExtension([CLIENT_AUTH], true)] }),
    'no name': () => forgeMember(authority, { names: [] }),
    'a host name only': () => forgeMember(authority, { names: [[{ type: 'dns', value: 'office.example' }]] }),
    'a URN and a host name': () =>
      forgeMember(authority, { names: [[urn(), { type: 'dns', value: 'a.example' }]] }),
    'a URN in capitals': () =>
      forgeMember(authority, {
        names: [[{ type: 'url', value: `urn:uuid:${victim.memberId.toUpperCase()}` }]],
      }),
    'a URN with something behind it': () =>
      forgeMember(authority, { names: [[{ type: 'url', value: `urn:uuid:${victim.memberId}, URI:x` }]] }),
    'a URN with a newline behind it': () =>
      forgeMember(authority, { names: [[{ type: 'url', value: `urn:uuid:${victim.memberId}\n` }]] }),
    'another URN': () =>
      forgeMember(authority, { names: [[{ type: 'url', value: 'urn:uuid:administrator' }]] }),
    'a SHA-384 signature': () => forgeMember(authority, { hash: 'SHA-384' }),
    'another issuer named': () => forgeMember(authority, { issuerName: 'Keystair authority' }),
    'another authority': () => forgeMember(other.authority),
    'another authority of the same name': () => forgeMember(twin.authority),
    'another authority of the same name, with a chain': underForgedAuthority,
    'a member as its authority': signedByMember,
    'its own signature under the name of the authority': () =>
      forgeMember(undefined, { issuerName: issuerOf(authority) }),
    'its own name over the signature of another': () =>
      forgeMember(twin.authority, { subject: 'joiner', issuerName: 'joiner', withoutKeyId: true }),
    'itself posing as the authority': () =>
      forge(undefined, { subject: issuerOf(authority), authority: true }),
    'its own signature over an RSA key': () => {
      const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
      return forgeMember(twin.authority, { keys: rsa, issuerName: 'Keystair member' });
    },
    'a bit of the signature flipped': async () => flipBit(await forgeMember(authority), 1),
    'expired, and a bit of the signature flipped': async () =>
      flipBit(await forgeMember(authority, { dates: [NOW - 9 * DAY_MS, NOW - 8 * DAY_MS] }), 1),
  };
}
