/** The listener's judgement of a caller, made anew where it may have changed. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import Fastify from 'fastify';
import { CERTIFICATE_MS } from '#domain/limits.ts';
import { issueMemberCertificate, selfSignedCertificate } from '#transport/authority.ts';
import { makeKeyPair } from '#transport/key-pair.ts';
import { machineTlsOptions, peerOf, replaceCertificate } from '#transport/machine-listener.ts';
import type { PeerIdentity } from '#transport/peer-identity.ts';
import { trustAuthority } from '#transport/trusted-authority.ts';
import { ask, clientOf, DAY_MS, listen, makeMember, NOW, openOffice, serverCredentials } from './office.ts';

const office = await openOffice();
const member = await makeMember(office);

async function handshake(address: string, options: ConnectionOptions): Promise<TLSSocket> {
  const [host, port] = address.split(':');
  const socket = connect({ host: host!, port: Number(port), rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

test('a member is known on its first request and, by the very same judgement, on the next ones', async (test) => {
  const seen: PeerIdentity[] = [];
  const { address, connections } = await listen(test, office, {
    handler: (_, response, peer) => {
      seen.push(peer);
      response.end();
    },
  });
  const client = clientOf(test, office, address, { credentials: member.credentials });
  for (let count = 0; count < 3; count += 1) await ask(client);
  assert.equal(connections.length, 1);
  assert.equal(seen[0]!.kind, 'member');
  assert.ok(seen[1] === seen[0] && seen[2] === seen[0], 'the certificate is judged once a connection');
});

test('a certificate that expires on a kept connection is expired at the next request', async (test) => {
  let now = NOW;
  const { address, connections } = await listen(test, office, { now: () => now });
  const client = clientOf(test, office, address, { credentials: member.credentials });
  const dates = async () => {
    const { peer } = await ask(client);
    return peer?.kind === 'member' ? peer.dates : peer?.kind;
  };
  assert.equal(await dates(), 'valid');
  now += CERTIFICATE_MS + 1;
  assert.equal(await dates(), 'expired');
  now = NOW;
  assert.equal(await dates(), 'valid');
  assert.equal(connections.length, 1);
});

test('a caller is judged again when the authorities change', async (test) => {
  const other = await openOffice();
  let authorities = office.trusted;
  const { address } = await listen(test, office, {
    handler: (request, response) => response.end(peerOf(request.socket as TLSSocket, authorities, NOW).kind),
  });
  const client = clientOf(test, office, address, { credentials: member.credentials });
  assert.equal((await ask(client)).body, 'member');
  authorities = other.trusted;
  assert.equal((await ask(client)).body, 'stranger');
  authorities = [...other.trusted, ...office.trusted];
  assert.equal((await ask(client)).body, 'member');
});

test('callers without a certificate and with their own are let in, and told apart', async (test) => {
  const { address } = await listen(test, office);
  assert.deepEqual((await ask(clientOf(test, office, address))).peer, { kind: 'none' });
  const keyPair = makeKeyPair();
  const certificatePem = await selfSignedCertificate({ keyPair, now: NOW });
  const joiner = clientOf(test, office, address, {
    credentials: { certificatePem, privateKeyPem: keyPair.privateKeyPem },
    serverId: undefined,
  });
  const { peer, response } = await ask(joiner);
  assert.equal(peer?.kind, 'self-signed');
  assert.equal(response.serverId, office.serverId, 'the joiner learns whose server it is');
});

test('the identity carries the key that TLS proved, so a borrowed name can be seen in the row', async (test) => {
  const { address } = await listen(test, office);
  const keyPair = makeKeyPair();
  const { memberId } = member;
  const certificatePem = await issueMemberCertificate(office.authority, {
    memberId,
    publicKey: keyPair.publicKey,
    now: NOW,
  });
  const { peer } = await ask(
    clientOf(test, office, address, {
      credentials: { certificatePem, privateKeyPem: keyPair.privateKeyPem },
    }),
  );
  assert.ok(peer?.kind === 'member');
  assert.equal(peer.memberId, memberId);
  assert.deepEqual(Buffer.from(peer.publicKey), keyPair.publicKey);
  assert.notDeepEqual(Buffer.from(peer.publicKey), member.pair.publicKey);
});

test("nobody can use a member's certificate without its key", async (test) => {
  const { address, connections } = await listen(test, office);
  const { certificatePem } = member.credentials;
  await assert.rejects(handshake(address, { cert: certificatePem, key: makeKeyPair().privateKeyPem }));
  assert.equal(connections.length, 0);
});

test('TLS 1.2 is refused', async (test) => {
  const { address, connections } = await listen(test, office);
  const { certificatePem: cert, privateKeyPem: key } = member.credentials;
  await assert.rejects(handshake(address, { cert, key, maxVersion: 'TLSv1.2' }), {
    code: /PROTOCOL_VERSION/,
  });
  assert.equal(connections.length, 0);
  (await handshake(address, { cert, key, maxVersion: 'TLSv1.3' })).destroy();
});

test('a caller that knows no hybrid key exchange still has a way in', async (test) => {
  const { address } = await listen(test, office);
  for (const ecdhCurve of ['X25519', 'P-256']) (await handshake(address, { ecdhCurve })).destroy();
  await assert.rejects(handshake(address, { ecdhCurve: 'P-521' }));
});

test('a listener changes its certificate while it runs: open connections stay, new ones see the new one', async (test) => {
  const { address, server, connections } = await listen(test, office);
  const client = clientOf(test, office, address, { credentials: member.credentials });
  await ask(client);
  const renewed = await serverCredentials(office.authority, office.serverId, NOW + DAY_MS);
  replaceCertificate(server, renewed);
  await ask(client);
  assert.equal(connections.length, 1);
  await assert.rejects(handshake(address, { maxVersion: 'TLSv1.2' }), { code: /PROTOCOL_VERSION/ });
  assert.equal(
    (await ask(clientOf(test, office, address))).peer?.kind,
    'none',
    'it still asks for a certificate',
  );
  const again = clientOf(test, office, address, { credentials: member.credentials });
  assert.equal((await ask(again)).peer?.kind, 'member');
  const socket = await handshake(address, {});
  assert.ok(renewed.certificatePem.startsWith(socket.getPeerX509Certificate()!.toString()));
  socket.destroy();
});

test('a certificate and a key that do not belong together leave the listener as it was', async (test) => {
  const { address, server } = await listen(test, office);
  const { certificatePem } = await serverCredentials(office.authority, office.serverId);
  assert.throws(() =>
    replaceCertificate(server, { certificatePem, privateKeyPem: makeKeyPair().privateKeyPem }),
  );
  assert.equal(
    (await ask(clientOf(test, office, address, { credentials: member.credentials }))).peer?.kind,
    'member',
  );
});

test('it serves under Fastify', async (test) => {
  const app = Fastify({ https: machineTlsOptions(office.credentials) });
  const authorities = [trustAuthority(office.authority.certificatePem)];
  app.get('/', (request) => peerOf(request.raw.socket as TLSSocket, authorities, NOW));
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  test.after(() => app.close());
  const address = new URL(url).host;
  const { peer } = await ask(clientOf(test, office, address, { credentials: member.credentials }));
  assert.ok(peer?.kind === 'member' && peer.memberId === member.memberId);
});
