/** The authority and what it signs. */
import assert from 'node:assert/strict';
import { randomUUID, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { AUTHORITY_MS, CERTIFICATE_BACKDATE_MS, CERTIFICATE_MS } from '#domain/limits.ts';
import {
  createAuthority,
  issueMemberCertificate,
  issueServerCertificate,
  selfSignedCertificate,
} from '#transport/authority.ts';
import { publicKeyOf, readLeaf } from '#transport/certificate-fields.ts';
import { fingerprintOf, makeKeyPair } from '#transport/key-pair.ts';
import { signedBy, trustAuthority } from '#transport/trusted-authority.ts';
import { forge, p256, x509 } from './forge.ts';
import { NOW } from './office.ts';

const serverId = randomUUID();
const authority = await createAuthority({ serverId, now: NOW });
const pair = makeKeyPair();

function exported(certificate: X509Certificate): Buffer {
  return certificate.publicKey.export({ type: 'spki', format: 'der' });
}

test('an authority may sign leaves and nothing below them, and outlives everybody', () => {
  const trusted = trustAuthority(authority.certificatePem);
  assert.ok(trusted.certificate.ca);
  assert.equal(trusted.fingerprint, fingerprintOf(exported(trusted.certificate)));
  assert.equal(trusted.certificate.validToDate.getTime(), NOW + AUTHORITY_MS);
  assert.ok(
    Buffer.from(trusted.certificate.raw).includes(Buffer.from('30060101ff020100', 'hex')),
    'pathLen is 0',
  );
});

test("a server's certificate names the server, its addresses once each, and is for answering only", async () => {
  const addresses = ['office.example:8443', 'office.example', '192.0.2.1:8443', '[2001:db8::1]:8443'];
  const pem = await issueServerCertificate(authority, {
    serverId,
    publicKey: pair.publicKey,
    addresses,
    now: NOW,
  });
  const certificate = new X509Certificate(pem);
  assert.deepEqual(readLeaf(certificate), {
    use: 'server',
    id: serverId,
    publicKey: pair.publicKey,
    notBefore: NOW - CERTIFICATE_BACKDATE_MS,
    notAfter: NOW + CERTIFICATE_MS,
  });
  assert.equal(
    certificate.subjectAltName,
    `URI:urn:uuid:${serverId}, DNS:office.example, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1`,
  );
  assert.ok(signedBy(certificate, [trustAuthority(authority.certificatePem)]));
});

test("a member's certificate names the member and is for calling only", async () => {
  const memberId = randomUUID();
  const certificate = new X509Certificate(
    await issueMemberCertificate(authority, { memberId, publicKey: pair.publicKey, now: NOW + 999 }),
  );
  const leaf = readLeaf(certificate);
  assert.equal(leaf?.use, 'client');
  assert.equal(leaf?.id, memberId);
  assert.equal(leaf?.notAfter, NOW + CERTIFICATE_MS, 'dates are whole seconds');
});

test('a leaf fits an authority that another library wrote, as those of older servers: name and key id byte for byte', async () => {
  const keys = p256();
  const older = await forge(undefined, {
    keys,
    authority: true,
    subject: `Keystair authority ${serverId}`,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey.export({ type: 'spki', format: 'der' })),
    ],
  });
  const leaf = await issueMemberCertificate(older, {
    memberId: randomUUID(),
    publicKey: pair.publicKey,
    now: NOW,
  });
  const [issued, issuer] = [new X509Certificate(leaf), new X509Certificate(older.certificatePem)];
  assert.ok(issued.checkIssued(issuer));
  assert.ok(issued.verify(issuer.publicKey));
  const [read, from] = [new x509.X509Certificate(leaf), new x509.X509Certificate(older.certificatePem)];
  assert.deepEqual(
    Buffer.from(read.issuerName.toArrayBuffer()),
    Buffer.from(from.subjectName.toArrayBuffer()),
  );
  assert.equal(
    read.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId,
    from.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId,
  );
});

test('no two certificates share a serial number', async () => {
  const request = { memberId: randomUUID(), publicKey: pair.publicKey, now: NOW };
  const serials = new Set<string>();
  for (let count = 0; count < 20; count += 1) {
    serials.add(new X509Certificate(await issueMemberCertificate(authority, request)).serialNumber);
  }
  assert.equal(serials.size, 20);
  for (const serial of serials) assert.equal(serial.length, 32);
});

test('no certificate is made for a key of another form', async () => {
  const request = { memberId: randomUUID(), publicKey: Buffer.alloc(91), now: NOW };
  await assert.rejects(issueMemberCertificate(authority, request), { code: 'invalid-argument' });
});

test("a joiner's own certificate carries its key and is signed with it", async () => {
  const certificate = new X509Certificate(await selfSignedCertificate({ keyPair: pair, now: NOW }));
  assert.ok(certificate.verify(certificate.publicKey));
  assert.ok(!certificate.ca);
  assert.deepEqual(publicKeyOf(certificate), pair.publicKey);
});

test('the public key cut out of the bytes is the one that OpenSSL reads', async () => {
  for (let count = 0; count < 20; count += 1) {
    const keyPair = makeKeyPair();
    const certificate = new X509Certificate(await selfSignedCertificate({ keyPair, now: NOW }));
    assert.deepEqual(publicKeyOf(certificate), exported(certificate));
  }
});

test('an authority is not taken from a leaf, nor from a certificate that another key signed', async () => {
  const member = await issueMemberCertificate(authority, {
    memberId: randomUUID(),
    publicKey: pair.publicKey,
    now: NOW,
  });
  assert.throws(() => trustAuthority(member), { code: 'row-untrusted' });
});
