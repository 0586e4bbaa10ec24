/** Joining: what an invitation is good for, and everything that is wrong with one. */
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { decodeInvitation, encodeInvitation, type Invitation } from '#domain/invitation.ts';
import { INVITATION_MS_DEFAULT } from '#domain/limits.ts';
import { makeKeyPair } from '#transport/key-pair.ts';
import { joinAs } from '#test/support/machine-caller.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

let oslo: ServerInProcess;
let lyon: ServerInProcess;

before(async () => {
  [oslo, lyon] = await Promise.all([openServer('Oslo'), openServer('Lyon')]);
});

async function inviteDevice(server: ServerInProcess): Promise<string> {
  return (await server.call('inviteDevice', {})).invitation;
}

/** The code of the refusal. */
async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof KeystairError, String(error));
    assert.ok(error.nextStep !== undefined && error.nextStep.length > 0, `no next step: ${error.message}`);
    return codeOf(error);
  }
  return assert.fail('was let in');
}

function changed(text: string, change: Partial<Invitation>): string {
  return encodeInvitation({ ...decodeInvitation(text), ...change });
}

/** Any payload under a checksum that fits. */
function payload(bytes: string): string {
  const prefix = 'keystair-invitation-1.';
  const encoded = Buffer.from(bytes).toString('base64url');
  const sum = createHash('sha256').update(`${prefix}${encoded}`).digest('hex').slice(0, 8);
  return `${prefix}${encoded}.${sum}`;
}

test('an invitation is spent by one key, and by another it is used', async () => {
  const invitation = await inviteDevice(oslo);
  await joinAs(invitation);
  assert.equal(await refusal(joinAs(invitation)), 'invitation-used');
});

test('the key that spent it may ask again until it expires, so that a lost answer burns nothing', async () => {
  const invitation = await inviteDevice(oslo);
  const [id, pair] = [randomUUID(), makeKeyPair()];
  const first = await joinAs(invitation, { id, pair });
  const second = await joinAs(invitation, { id, pair });
  assert.equal(second.server.id, first.server.id);
  oslo.clock.aheadMs += INVITATION_MS_DEFAULT + 1000;
  assert.equal(await refusal(joinAs(invitation, { id, pair, now: oslo.clock })), 'invitation-expired');
  oslo.clock.aheadMs = 0;
});

test('a spent invitation brings nobody back who was removed', async () => {
  const invitation = await inviteDevice(oslo);
  const [id, pair] = [randomUUID(), makeKeyPair()];
  await joinAs(invitation, { id, pair });
  await oslo.call('removeDevice', { id: id });
  assert.equal(await refusal(joinAs(invitation, { id, pair })), 'invitation-used');
  const again = await joinAs(await inviteDevice(oslo), { id, pair });
  assert.equal((await oslo.member(again.id))?.removedAt, null, 'a new one does');
});

test("a member's id is bound to its key: with another key nobody takes it over", async () => {
  const device = await joinAs(await inviteDevice(oslo));
  assert.equal(await refusal(joinAs(await inviteDevice(oslo), { id: device.id })), 'already-exists');
  const { invitation } = await oslo.call('inviteSecondary', {});
  assert.equal(
    await refusal(joinAs(invitation, { id: device.id, pair: device.pair })),
    'already-exists',
    'and a device does not become a secondary',
  );
});

test('an invitation of another server, with this one in its place, leads nowhere', async () => {
  const foreign = decodeInvitation(await inviteDevice(lyon));
  const own = decodeInvitation(await inviteDevice(oslo));
  const elsewhere = encodeInvitation({ ...foreign, addresses: own.addresses });
  assert.equal(await refusal(joinAs(elsewhere)), 'untrusted-server', 'the pinned authority is not there');
  const borrowed = encodeInvitation({ ...own, secret: foreign.secret });
  assert.equal(await refusal(joinAs(borrowed)), 'invitation-invalid', 'this server made no such invitation');
});

test('an invitation that was altered is refused before or at the server, never taken', async () => {
  const invitation = await inviteDevice(oslo);
  const alterations: [string, string][] = [
    [changed(invitation, { secret: randomBytes(32).toString('base64url') }), 'invitation-invalid'],
    [changed(invitation, { kind: 'secondary' }), 'invitation-invalid'],
    [changed(invitation, { authority: '0'.repeat(64) }), 'untrusted-server'],
    [changed(invitation, { server: { id: randomUUID(), name: 'Oslo' } }), 'untrusted-server'],
    [changed(invitation, { addresses: ['127.0.0.1:1'] }), 'server-unreachable'],
    [changed(invitation, { addresses: [] }), 'server-unreachable'],
    [changed(invitation, { addresses: ['nonsense'] }), 'server-unreachable'],
  ];
  for (const [altered, code] of alterations) assert.equal(await refusal(joinAs(altered)), code);
  await joinAs(changed(invitation, { expiresAt: '2000-01-01T00:00:00.000Z' })).then(
    () => undefined,
    () => assert.fail("the invitation's own time is for people; the server's decides"),
  );
});

test('what is no invitation is refused in words, whatever it is', () => {
  const good = payload(JSON.stringify({ kind: 'device' }));
  for (const text of [
    '',
    'hello',
    'keystair-invitation-1.',
    'keystair-invitation-2.abc.def',
    good.slice(0, -1),
    `${good}.more`,
    `${good.slice(0, -9)}.00000000`,
    good,
    payload(''),
    payload('{'),
    payload('null'),
    payload('7'),
    payload('[]'),
    payload('{}'),
    payload('{"kind":"device","server":null}'),
    payload(JSON.stringify({ kind: 'device', server: { id: 7 }, authority: 'x' })),
    payload(
      JSON.stringify({ kind: 'root', server: { id: randomUUID(), name: 'x' }, authority: '0'.repeat(64) }),
    ),
    payload(
      JSON.stringify({
        kind: 'device',
        server: { id: randomUUID(), name: 'x' },
        authority: '0'.repeat(64),
        addresses: 'localhost:1',
        secret: 'x',
        expiresAt: '2041-01-01T00:00:00.000Z',
      }),
    ),
  ]) {
    assert.throws(
      () => decodeInvitation(text),
      (error) => codeOf(error) === 'invitation-invalid',
      text,
    );
  }
});

test('one for a device makes no secondary, and the reverse; and a server does not join itself', async () => {
  const device = await inviteDevice(oslo);
  const { invitation } = await oslo.call('inviteSecondary', {});
  assert.equal(await refusal(lyon.call('joinHierarchy', { invitation: device })), 'invitation-invalid');
  assert.equal(await refusal(oslo.call('joinHierarchy', { invitation })), 'invitation-invalid');
  assert.equal(await refusal(joinAs(changed(device, { kind: 'secondary' }))), 'invitation-invalid');
  assert.equal(await refusal(joinAs(changed(invitation, { kind: 'device' }))), 'invitation-invalid');
});

test('the secret is nowhere in the database or the log; its hash is', async () => {
  const { secret } = decodeInvitation(await inviteDevice(oslo));
  const rows = await oslo.store.reader.rows('invitation');
  assert.ok(rows.length > 0);
  const audit = await oslo.store.reader.auditAfter(0, 10_000);
  for (const text of [...rows.map((row) => JSON.stringify(row)), ...audit.map(({ event }) => event)]) {
    assert.ok(!text.includes(secret));
  }
  assert.ok(!JSON.stringify(oslo.logged).includes(secret));
});

test('making and using an invitation are events, and the refused ones too', async () => {
  const made = await oslo.events('invitation-made');
  const used = await oslo.events('invitation-used');
  assert.ok(made.length >= used.length && used.length > 0);
  assert.match(String(used[0]?.['fingerprint']), /^[0-9a-f]{64}$/);
  const reasons = (await oslo.events('invitation-refused')).map(({ reason }) => reason);
  for (const reason of ['invitation-used', 'invitation-expired', 'invitation-invalid', 'already-exists']) {
    assert.equal(reasons.filter((one) => one === reason).length, 1, `${reason}: written once, then counted`);
  }
});
