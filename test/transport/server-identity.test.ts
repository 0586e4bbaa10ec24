/** Only the pinned server gets a byte of a request. */
import assert from 'node:assert/strict';
import { createServer as createTcpServer } from 'node:net';
import { randomUUID } from 'node:crypto';
import { createServer as createTlsServer } from 'node:tls';
import { test, type TestContext } from 'node:test';
import { CERTIFICATE_MS } from '#domain/limits.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { UNREACHABLE } from '#test/sentences/unreachable.ts';
import { createAuthority } from '#transport/authority.ts';
import { machineTlsOptions } from '#transport/machine-listener.ts';
import type { TlsCredentials } from '#transport/tls-context.ts';
import { CLIENT_AUTH, flipBit, forge, type Forged, issuerOf, SERVER_AUTH } from './forge.ts';
import {
  ask,
  clientOf,
  DAY_MS,
  listen,
  listenOnLoopback,
  makeMember,
  NOW,
  openOffice,
  serverCredentials,
} from './office.ts';

const office = await openOffice();
const other = await openOffice();
const twin = await openOffice(NOW, office.serverId);
const member = await makeMember(office);
const { authority } = office;
const serverName = [{ type: 'url', value: `urn:uuid:${office.serverId}` }] as const;

function chain(leaf: Forged, ...issuers: readonly { readonly certificatePem: string }[]): TlsCredentials {
  return {
    ...leaf,
    certificatePem: leaf.certificatePem + issuers.map((each) => each.certificatePem).join(''),
  };
}

function forgeServer(changed: Parameters<typeof forge>[1] = {}): Promise<Forged> {
  return forge(authority, { usages: [SERVER_AUTH], names: [serverName], ...changed });
}

/** A server that takes every handshake and counts the bytes that requests bring it. */
async function greedy(test: TestContext, credentials: TlsCredentials) {
  const heard: Buffer[] = [];
  const server = createTlsServer(machineTlsOptions(credentials), (socket) => {
    socket.on('data', (bytes: Buffer) => heard.push(bytes));
    socket.on('error', () => undefined);
  });
  return { heard, address: await listenOnLoopback(test, server) };
}

const IMPOSTORS: Readonly<Record<string, () => Promise<TlsCredentials>>> = {
  'of another authority': async () => other.credentials,
  'of another authority with the same server id': async () => twin.credentials,
  'of another authority that adds the pinned certificate': async () =>
    chain(
      await forge(twin.authority, {
        usages: [SERVER_AUTH],
        names: [serverName],
        issuerName: issuerOf(authority),
      }),
      authority,
    ),
  'with the id of another server': () => serverCredentials(authority, randomUUID()),
  "a device with its member's certificate": async () => chain(member.credentials, authority),
  'for both sides': async () => chain(await forgeServer({ usages: [SERVER_AUTH, CLIENT_AUTH] }), authority),
  "a member with the server's id": async () => chain(await forgeServer({ usages: [CLIENT_AUTH] }), authority),
  'with a host name that reads like a URN': async () =>
    chain(
      await forgeServer({ names: [[{ type: 'dns', value: `a, URI:${serverName[0].value}, DNS:b` }]] }),
      authority,
    ),
  'without a name': async () => chain(await forgeServer({ names: [] }), authority),
  'with a second URN': async () =>
    chain(
      await forgeServer({ names: [[...serverName, { type: 'url', value: `urn:uuid:${randomUUID()}` }]] }),
      authority,
    ),
  'that is an authority': async () => chain(await forgeServer({ authority: true }), authority),
  'the authority itself': async () => authority,
  'with a bit of the signature flipped': async () => chain(flipBit(await forgeServer(), 1), authority),
  'signed by itself': async () =>
    chain(await forge(undefined, { usages: [SERVER_AUTH], names: [serverName] }), authority),
  'signed by a member': async () =>
    chain(
      await forge(
        { privateKeyPem: member.credentials.privateKeyPem, certificatePem: authority.certificatePem },
        { usages: [SERVER_AUTH], names: [serverName] },
      ),
      member.credentials,
      authority,
    ),
  'without its authority in the chain': async () => ({
    ...office.credentials,
    certificatePem: office.credentials.certificatePem.replace(authority.certificatePem, ''),
  }),
};

test('whoever is not the pinned server gets no byte of a request', async (test) => {
  for (const [kind, make] of Object.entries(IMPOSTORS)) {
    await test.test(kind, async (test) => {
      const { address, heard } = await greedy(test, await make());
      for (const renewalOnly of [false, true]) {
        const client = clientOf(test, office, address, { credentials: member.credentials });
        await assert.rejects(ask(client, { method: 'POST', body: 'secret', renewalOnly }), {
          code: 'untrusted-server',
          nextStep: REFUSED['untrusted-server'].joinAgain,
        });
      }
      assert.equal(Buffer.concat(heard).length, 0);
    });
  }
});

test("a joiner, who knows no server's id, is not taken in by a member of the same authority", async (test) => {
  const { address, heard } = await greedy(test, chain(member.credentials, authority));
  await assert.rejects(ask(clientOf(test, office, address, { serverId: undefined })), {
    code: 'untrusted-server',
  });
  assert.equal(Buffer.concat(heard).length, 0);
});

test('the server forged with every part right is trusted, so the refusals above are not the harness', async (test) => {
  const { address } = await listen(test, office, { credentials: chain(await forgeServer(), authority) });
  assert.equal(
    (await ask(clientOf(test, office, address, { credentials: member.credentials }))).peer?.kind,
    'member',
  );
});

test('the pinned authority may stand anywhere in the chain, as after a replacement', async (test) => {
  const { certificatePem } = await createAuthority({ serverId: office.serverId, now: NOW });
  const leaf = office.credentials.certificatePem.replace(authority.certificatePem, '');
  const credentials = {
    ...office.credentials,
    certificatePem: leaf + certificatePem + authority.certificatePem,
  };
  const { address } = await listen(test, office, { credentials });
  await ask(clientOf(test, office, address));
});

test('an authority can be pinned by its certificate as well as by its fingerprint', async (test) => {
  const { address } = await listen(test, office);
  await ask(clientOf(test, office, address, { authority: { certificatePem: authority.certificatePem } }));
  const wrong = clientOf(test, office, address, {
    authority: { certificatePem: twin.authority.certificatePem },
  });
  await assert.rejects(ask(wrong), { code: 'untrusted-server' });
});

for (const [kind, now] of [
  ['expired', NOW + CERTIFICATE_MS + DAY_MS],
  ['not yet valid', NOW - 9 * DAY_MS],
  ['judged by a clock that lost its battery', 0],
] as const) {
  test(`a server whose certificate is ${kind} is used for renewal only, and called a clock problem`, async (test) => {
    const kept: unknown[] = [];
    const { address, tcp } = await listen(test, office, {
      handler: (request, response, peer) => {
        kept.push(request.headers.connection);
        response.end(JSON.stringify(peer));
      },
    });
    const client = clientOf(test, office, address, { credentials: member.credentials, now: () => now });
    await assert.rejects(ask(client), {
      code: 'clock-problem',
      nextStep: REFUSED['clock-problem'].compareClocks,
    });
    const renewal = await ask(client, { renewalOnly: true });
    assert.equal(renewal.response.datesFit, false);
    assert.equal(renewal.peer?.kind, 'member');
    await assert.rejects(ask(client), { code: 'clock-problem' }, 'the renewal opened no way for others');
    assert.equal(tcp.made, 3);
    assert.deepEqual(kept, ['close']);
  });
}

test('a renewal from a server whose dates fit says so', async (test) => {
  const { address } = await listen(test, office);
  const client = clientOf(test, office, address, { credentials: member.credentials });
  assert.equal((await ask(client, { renewalOnly: true })).response.datesFit, true);
  assert.equal((await ask(client)).response.datesFit, true);
});

test('a server that speaks TLS 1.2 only, or something else, is not used', async (test) => {
  const { certificatePem: cert, privateKeyPem: key } = office.credentials;
  const old = await listenOnLoopback(test, createTlsServer({ cert, key, maxVersion: 'TLSv1.2' }));
  await assert.rejects(ask(clientOf(test, office, old)), {
    code: 'server-unreachable',
    message: UNREACHABLE.speaksNoTls,
  });
  const plain = createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const address = await listenOnLoopback(test, plain);
  await assert.rejects(ask(clientOf(test, office, address)), {
    code: 'server-unreachable',
    message: UNREACHABLE.speaksNoTls,
  });
});
