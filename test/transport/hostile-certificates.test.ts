import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { request } from 'node:https';
import { test } from 'node:test';
import type { PeerIdentity } from '#transport/peer-identity.ts';
import type { TlsCredentials } from '#transport/tls-context.ts';
import {
  CLIENT_AUTH,
  flipBit,
  type Forged,
  forge,
  forgeMember,
  issuerOf,
  MEMBER_NAME,
  SERVER_AUTH,
  x509,
} from './forge.ts';
import { DAY_MS, listen, makeMember, NOW, openOffice } from './office.ts';

const office = await openOffice();
const other = await openOffice();
const twin = await openOffice(NOW, office.serverId);
const { authority } = office;
const member = await makeMember(office);
const urn = () => ({ type: 'url', value: `urn:uuid:${randomUUID()}` }) as const;

/** A chain: what a holder of `leaf` sends who wants OpenSSL to find an issuer. */
function chained(leaf: Forged, ...issuers: readonly { readonly certificatePem: string }[]): Forged {
  return {
    ...leaf,
    certificatePem: leaf.certificatePem + issuers.map((each) => each.certificatePem).join(''),
  };
}

async function signedByMember(): Promise<Forged> {
  const { credentials } = member;
  const leaf = await forgeMember(undefined, { issuerName: `Keystair member ${member.memberId}` });
  return chained(leaf, credentials, authority);
}

async function underForgedAuthority(): Promise<Forged> {
  const fake = await forge(undefined, { subject: issuerOf(authority), authority: true });
  return chained(await forgeMember(twin.authority), fake, authority);
}

const HOSTILE: Readonly<Record<string, () => Promise<TlsCredentials> | TlsCredentials>> = {
  'an RSA key': () => forgeMember(authority, { keys: generateKeyPairSync('rsa', { modulusLength: 2048 }) }),
  'a P-384 key': () => forgeMember(authority, { keys: generateKeyPairSync('ec', { namedCurve: 'P-384' }) }),
  'an Ed25519 key': () => forgeMember(authority, { keys: generateKeyPairSync('ed25519') }),
  'an authority as a caller': () => forgeMember(authority, { authority: true }),
  "the authority's own certificate": () => authority,
  'no extended key usage': () => forgeMember(authority, { usages: [] }),
  "a server's key usage": () => forgeMember(authority, { usages: [SERVER_AUTH] }),
  'both key usages': () => forgeMember(authority, { usages: [CLIENT_AUTH, SERVER_AUTH] }),
  'any key usage': () => forgeMember(authority, { usages: ['2.5.29.37.0'] }),
  "the server's own certificate": () => office.credentials,
  'two URNs': () => forgeMember(authority, { names: [[urn(), urn()]] }),
  'two lists of names': () => forgeMember(authority, { names: [MEMBER_NAME, [urn()]] }),
  'two lists of key usages': () =>
    forgeMember(authority, { extensions: [new x509.ExtendedKeyUsageExtension([CLIENT_AUTH], true)] }),
  'no name': () => forgeMember(authority, { names: [] }),
  'a host name only': () => forgeMember(authority, { names: [[{ type: 'dns', value: 'office.example' }]] }),
  'a URN and a host name': () =>
    forgeMember(authority, { names: [[urn(), { type: 'dns', value: 'a.example' }]] }),
  'a URN in capitals': () =>
    forgeMember(authority, { names: [[{ type: 'url', value: `urn:uuid:${randomUUID().toUpperCase()}` }]] }),
  'a URN with something behind it': () =>
    forgeMember(authority, { names: [[{ type: 'url', value: `urn:uuid:${randomUUID()}, URI:x` }]] }),
  'a URN with a newline behind it': () =>
    forgeMember(authority, { names: [[{ type: 'url', value: `urn:uuid:${randomUUID()}\n` }]] }),
  'another URN': () =>
    forgeMember(authority, { names: [[{ type: 'url', value: 'urn:uuid:administrator' }]] }),
  'a SHA-384 signature': () => forgeMember(authority, { hash: 'SHA-384' }),
  'another issuer named': () => forgeMember(authority, { issuerName: 'Keystair authority' }),
  'another authority': async () => (await makeMember(other)).credentials,
  'another authority of the same name': () => forgeMember(twin.authority),
  'another authority of the same name, with a chain': underForgedAuthority,
  'a member as its authority': signedByMember,
  'its own signature under the name of the authority': () =>
    forgeMember(undefined, { issuerName: issuerOf(authority) }),
  'its own name over the signature of another': () =>
    forgeMember(twin.authority, { subject: 'joiner', issuerName: 'joiner', withoutKeyId: true }),
  'itself posing as the authority': () => forge(undefined, { subject: issuerOf(authority), authority: true }),
  'its own signature over an RSA key': async () => {
    const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return { ...(await forgeMember(twin.authority, { keys, issuerName: 'Keystair member' })) };
  },
  'a bit of the signature flipped': async () => flipBit(await forgeMember(authority), 1),
  'expired, and a bit of the signature flipped': async () =>
    flipBit(await forgeMember(authority, { dates: [NOW - 9 * DAY_MS, NOW - 8 * DAY_MS] }), 1),
};

/** Presents whatever certificate it is told, as any TLS client could. */
function callWith(address: string, credentials: Partial<TlsCredentials>): Promise<PeerIdentity> {
  const [host, port] = address.split(':');
  const { certificatePem: cert, privateKeyPem: key } = credentials;
  return new Promise((resolve, reject) => {
    const presented = cert === undefined ? {} : { cert, key };
    const outgoing = request(
      { host, port, ...presented, rejectUnauthorized: false, agent: false },
      (response) => {
        response.setEncoding('utf8');
        response.on('data', (text: string) => resolve(JSON.parse(text) as PeerIdentity));
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

test('whatever is not exactly a certificate of ours is a stranger, without a reason', async (test) => {
  const { address } = await listen(test, office);
  for (const [kind, make] of Object.entries(HOSTILE)) {
    await test.test(kind, async () => {
      assert.deepEqual(await callWith(address, await make()), { kind: 'stranger' });
    });
  }
});

test('the same harness lets through what is ours, so the refusals above are not its own', async (test) => {
  const { address } = await listen(test, office);
  assert.equal((await callWith(address, member.credentials)).kind, 'member');
  const plain = await callWith(address, await forgeMember(authority));
  assert.ok(plain.kind === 'member' && plain.dates === 'valid');
  const expired = await callWith(
    address,
    await forgeMember(authority, { dates: [NOW - 9 * DAY_MS, NOW - DAY_MS] }),
  );
  assert.ok(expired.kind === 'member' && expired.dates === 'expired');
  const future = await callWith(
    address,
    await forgeMember(authority, { dates: [NOW + DAY_MS, NOW + 9 * DAY_MS] }),
  );
  assert.ok(future.kind === 'member' && future.dates === 'not-yet-valid');
  assert.deepEqual(await callWith(address, {}), { kind: 'none' });
  assert.equal((await callWith(address, await forge(undefined))).kind, 'self-signed');
});
