/** TLS sessions: the hybrid key exchange, resumption, and what must not be resumed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CERTIFICATE_MS } from '#domain/limits.ts';
import { replaceCertificate } from '#transport/machine-listener.ts';
import {
  ask,
  clientOf,
  DAY_MS,
  listen,
  makeMember,
  NOW,
  openOffice,
  serverCredentials,
  until,
} from './office.ts';
import { openProxy } from './recording-proxy.ts';

const office = await openOffice();
const member = await makeMember(office);
/** Answers, and does not keep the connection. */
const once = { connection: 'close' };

test('both ends agree on the hybrid key exchange, as the wire shows', async (test) => {
  const { address } = await listen(test, office);
  const proxy = await openProxy(test, address);
  const client = clientOf(test, office, proxy.address, { credentials: member.credentials });
  await ask(client, { headers: once });
  assert.deepEqual(proxy.groups, [0x11ec], 'X25519MLKEM768, without a second round trip');
  const group = client.negotiated()?.group;
  assert.ok(group === undefined || group === 'X25519MLKEM768');
  await ask(client);
  assert.deepEqual(client.negotiated()?.resumed, true);
  assert.deepEqual(proxy.groups, [0x11ec, 0x11ec], 'on a resumed session too');
});

test('a connection that was not kept is resumed, and the caller is known by its key again', async (test) => {
  const { address, resumed } = await listen(test, office);
  const client = clientOf(test, office, address, { credentials: member.credentials });
  for (let count = 0; count < 4; count += 1) {
    const { peer, response } = await ask(client, { headers: once });
    assert.ok(peer?.kind === 'member' && peer.memberId === member.memberId);
    assert.deepEqual(Buffer.from(peer.publicKey), member.pair.publicKey);
    assert.equal(response.serverId, office.serverId);
    assert.equal(client.negotiated()?.resumed, count > 0);
  }
  assert.deepEqual(resumed, [false, true, true, true], 'the server says so, too');
});

test('a session is not resumed under another certificate of ours', async (test) => {
  const { address, connections, resumed } = await listen(test, office);
  const renewed = await makeMember(office);
  let credentials = member.credentials;
  const client = clientOf(test, office, address, { clientCertificate: () => credentials });
  await ask(client);
  credentials = renewed.credentials;
  const { peer } = await ask(client);
  assert.ok(peer?.kind === 'member' && peer.memberId === renewed.memberId);
  assert.equal(connections.length, 2, 'the connection kept under the old one is not used');
  assert.deepEqual(resumed, [false, false]);
  await until(() => connections[0]!.destroyed);
});

test('after the server changed its certificate nobody resumes into the old one', async (test) => {
  const { address, server, resumed } = await listen(test, office);
  const client = clientOf(test, office, address, { credentials: member.credentials });
  await ask(client, { headers: once });
  replaceCertificate(server, await serverCredentials(office.authority, office.serverId, NOW + DAY_MS));
  await ask(client, { headers: once });
  await ask(client, { headers: once });
  assert.deepEqual(resumed, [false, false, true]);
});

test('when the dates of a server run out, its sessions and kept connections are not used any more', async (test) => {
  const { address, server, resumed } = await listen(test, office);
  let now = NOW;
  const client = clientOf(test, office, address, { credentials: member.credentials, now: () => now });
  await ask(client);
  now = NOW + CERTIFICATE_MS + 1;
  await assert.rejects(ask(client), { code: 'clock-problem' });
  replaceCertificate(server, await serverCredentials(office.authority, office.serverId, now));
  await ask(client);
  assert.deepEqual(resumed, [false, false]);
  now = NOW;
  await assert.rejects(ask(client), { code: 'clock-problem' }, 'a clock set back, too');
});

test('a session that is offered and declined earns no trust', async (test) => {
  const { address } = await listen(test, office);
  const impostor = await listen(test, await openOffice(NOW, office.serverId));
  const client = clientOf(test, office, address, { credentials: member.credentials });
  await ask(client, { headers: once });
  client.setAddresses([impostor.address]);
  await assert.rejects(ask(client), { code: 'untrusted-server' });
  client.setAddresses([address]);
  await ask(client);
  assert.equal(client.negotiated()?.resumed, true);
});

test('a stranger stays one when it resumes', async (test) => {
  const other = await openOffice();
  const outsider = await makeMember(other);
  const { address, resumed } = await listen(test, office);
  const client = clientOf(test, office, address, { credentials: outsider.credentials });
  for (let count = 0; count < 2; count += 1) {
    assert.deepEqual((await ask(client, { headers: once })).peer, { kind: 'stranger' });
  }
  assert.deepEqual(resumed, [false, true]);
});
