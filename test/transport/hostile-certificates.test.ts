/** Certificates that are nearly ours: all are strangers. */
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { test } from 'node:test';
import type { PeerIdentity } from '#transport/peer-identity.ts';
import type { TlsCredentials } from '#transport/tls-context.ts';
import { forge, forgeMember } from './forge.ts';
import { hostileCertificates } from './hostile-kinds.ts';
import { DAY_MS, listen, makeMember, NOW, openOffice } from './office.ts';

const office = await openOffice();
const { authority } = office;
const member = await makeMember(office);

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
  for (const [kind, make] of Object.entries(await hostileCertificates({ ...office, victim: member }))) {
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
