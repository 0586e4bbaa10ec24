/** Who a certificate says its bearer is. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { CERTIFICATE_BACKDATE_MS, CERTIFICATE_MS } from '#domain/limits.ts';
import { selfSignedCertificate } from '#transport/authority.ts';
import { fingerprintOf, makeKeyPair } from '#transport/key-pair.ts';
import { identifyMember, identifyServer, judgedNow } from '#transport/peer-identity.ts';
import { readAuthority } from '#transport/trusted-authority.ts';
import { CLIENT_AUTH, forge, forgeMember, issuerOf, p256 } from './forge.ts';
import { makeMember, NOW, openOffice } from './office.ts';

const office = await openOffice();
const other = await openOffice();

test('a member is known by its id and its key, and its dates are told, not judged', async () => {
  const member = await makeMember(office);
  const certificate = new X509Certificate(member.credentials.certificatePem);
  const known = {
    kind: 'member',
    memberId: member.memberId,
    publicKey: member.pair.publicKey,
    fingerprint: fingerprintOf(member.pair.publicKey),
    notBefore: NOW - CERTIFICATE_BACKDATE_MS,
    notAfter: NOW + CERTIFICATE_MS,
  } as const;
  const moments = [
    [known.notBefore - 1, 'not-yet-valid'],
    [known.notBefore, 'valid'],
    [known.notAfter, 'valid'],
    [known.notAfter + 1, 'expired'],
    [0, 'not-yet-valid'],
  ] as const;
  for (const [now, dates] of moments) {
    assert.deepEqual(identifyMember(certificate, office.trusted, now), { ...known, dates });
  }
});

test('dates are judged again without looking at the certificate again', async () => {
  const member = await makeMember(office);
  const identity = identifyMember(
    new X509Certificate(member.credentials.certificatePem),
    office.trusted,
    NOW,
  );
  assert.equal(judgedNow(identity, NOW), identity, 'nothing is made while nothing changes');
  assert.deepEqual(judgedNow(identity, NOW + CERTIFICATE_MS + 1), { ...identity, dates: 'expired' });
});

test('after an authority was replaced, members of the old one and of the new one are known', async () => {
  const both = [...office.trusted, ...other.trusted];
  for (const each of [office, other]) {
    const { credentials } = await makeMember(each);
    assert.equal(identifyMember(new X509Certificate(credentials.certificatePem), both, NOW).kind, 'member');
  }
});

test('without any authority everybody is a stranger', async () => {
  const { credentials } = await makeMember(office);
  assert.deepEqual(identifyMember(new X509Certificate(credentials.certificatePem), [], NOW), {
    kind: 'stranger',
  });
});

test('a joiner is its key and nothing else, whatever its clock says', async () => {
  const keyPair = makeKeyPair();
  for (const now of [0, NOW, Date.UTC(2070)]) {
    const certificate = new X509Certificate(await selfSignedCertificate({ keyPair, now }));
    assert.deepEqual(identifyMember(certificate, office.trusted, NOW), {
      kind: 'self-signed',
      publicKey: keyPair.publicKey,
      fingerprint: fingerprintOf(keyPair.publicKey),
    });
  }
});

test("a name in a joiner's own certificate gives it no id", async () => {
  const forged = await forgeMember(undefined);
  assert.equal(
    identifyMember(new X509Certificate(forged.certificatePem), office.trusted, NOW).kind,
    'self-signed',
  );
});

test('an authority is read only from a certificate that its own key signed for signing', async () => {
  const impostor = await forge(other.authority, { subject: issuerOf(office.authority), authority: true });
  assert.equal(readAuthority(new X509Certificate(impostor.certificatePem)), undefined);
  const name = issuerOf(office.authority);
  const borrowed = { subject: name, issuerName: name, authority: true, withoutKeyId: true };
  const pinnedKey = { ...p256(), publicKey: office.trusted[0]!.publicKey };
  const altered = await forge(other.authority, { ...borrowed, keys: pinnedKey });
  assert.equal(
    readAuthority(new X509Certificate(altered.certificatePem)),
    undefined,
    'signed by another key',
  );
  const below = await forge(undefined, { ...borrowed, issuerName: 'somebody else' });
  assert.equal(readAuthority(new X509Certificate(below.certificatePem)), undefined, 'issued by another name');
  const leaf = await forge(undefined, { usages: [CLIENT_AUTH] });
  assert.equal(readAuthority(new X509Certificate(leaf.certificatePem)), undefined);
});

// A chain as TLS hands it over exists only on a connection; without one, no authority is found. With one: see
// server-identity.test.ts.
test('a server that presents its leaf alone is not trusted', () => {
  const pinned = { fingerprints: [office.fingerprint], serverId: office.serverId };
  const leaf = new X509Certificate(office.credentials.certificatePem);
  assert.equal(identifyServer(leaf, pinned, NOW).kind, 'untrusted');
  assert.equal(identifyServer(undefined, pinned, NOW).kind, 'untrusted');
});

test('two authorities of one name are told apart by their keys', async () => {
  const twin = await openOffice(NOW, office.serverId);
  const member = await makeMember(twin);
  const certificate = new X509Certificate(member.credentials.certificatePem);
  assert.deepEqual(identifyMember(certificate, office.trusted, NOW), { kind: 'stranger' });
});

test('a certificate whose names cannot be read is a stranger, and no failure of the server', async () => {
  const member = await makeMember(office);
  const bytes = Buffer.from(new X509Certificate(member.credentials.certificatePem).raw);
  // The list of names says that it is a set.
  const names = bytes.indexOf('urn:uuid:') - 4;
  assert.equal(bytes[names], 0x30);
  bytes[names] = 0x31;
  assert.deepEqual(identifyMember(new X509Certificate(bytes), office.trusted, NOW), { kind: 'stranger' });
});
