/**
 * Which policy a device is told at its heartbeat: the one that holds where it stands now, once, whenever that changed,
 * and none where its release knows of none.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOT_GROUP } from '#domain/group.ts';
import type { PolicyDocument } from '#domain/policy/policy.ts';
import type { HeldPolicy } from '#protocol/policy-messages.ts';
import { nextPolicyNumber, putPrimaryPolicy, readPolicy } from '#server/groups/policy-rows.ts';
import { writeOptions, OPTIONS_DEFAULT } from '#server/repository/settings.ts';
import { setPolicy } from '#test/agent/ruled-device.ts';
import { openAgent } from '#test/support/agent-in-process.ts';
import { openServer } from '#test/support/server-in-process.ts';

const server = await openServer('Office', { heartbeats: false });
const RECEIPTS = { count: 0, digest: '00'.repeat(32) };

const set = (group: string, document: PolicyDocument): Promise<void> => setPolicy(server, document, group);

async function enrolled() {
  const agent = openAgent();
  const { device } = await agent.enrolWith(server);
  await agent.heartbeat();
  let held: HeldPolicy = { number: 0 };
  return {
    id: device.id,
    /** The policy of the answer, which the device has from then on. */
    async hears() {
      const told = await agent.ask(async (calls) => {
        const request = { name: device.name, receipts: RECEIPTS, policy: held };
        return (await calls.call('deviceHeartbeat', request)).policy;
      });
      if (told !== undefined) held = { number: told.number, digest: told.digest };
      return told;
    },
    hearsWithoutPolicy: () =>
      agent.ask(
        async (calls) =>
          (await calls.call('deviceHeartbeat', { name: device.name, receipts: RECEIPTS })).policy,
      ),
  };
}

test('a device is told its policy once, and again whenever what holds for it changed', async () => {
  const pc = await enrolled();
  const first = await pc.hears();
  assert.deepEqual([first?.number, first?.group, first?.settings], [0, 'Office', {}]);
  assert.equal(await pc.hears(), undefined);
  await set(ROOT_GROUP, { fixedDrives: 'require', proofHours: 6 });
  const second = await pc.hears();
  assert.deepEqual(second?.settings, { fixedDrives: 'require', proofHours: 6 });
  assert.equal(await pc.hears(), undefined);

  const { group } = await server.call('addGroup', { name: 'Lyon' });
  assert.equal(await pc.hears(), undefined, 'a new group beside it changes nothing');
  await set(group.id, { proofHours: 12 });
  assert.equal(await pc.hears(), undefined, 'nor does the policy of another group');
  await server.call('setDevice', { id: pc.id, group: 'Lyon' });
  const moved = await pc.hears();
  assert.deepEqual([moved?.group, moved?.settings], ['Lyon', { fixedDrives: 'require', proofHours: 12 }]);
  await server.call('setGroup', { id: 'Lyon', name: 'Lyon Part-Dieu' });
  const renamed = await pc.hears();
  assert.equal(renamed?.group, 'Lyon Part-Dieu');

  await server.call('removeGroup', { id: group.id, contents: 'move-up' });
  const fallen = await pc.hears();
  assert.deepEqual([fallen?.group, fallen?.settings], ['Office', { fixedDrives: 'require', proofHours: 6 }]);
  const numbers = [first, second, moved, renamed, fallen].map((one) => one!.number);
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
    'the number only rises',
  );
  assert.equal(new Set(numbers).size, numbers.length);
});

test('a device that was away is told what holds now, and not what it missed', async () => {
  const pc = await enrolled();
  await pc.hears();
  for (const proofHours of [1, 2, 3]) await set(ROOT_GROUP, { proofHours });
  assert.deepEqual((await pc.hears())?.settings, { proofHours: 3 });
  assert.equal(await pc.hears(), undefined);
});

test('a group moved with its devices gives them the policy of its new place', async () => {
  const pc = await enrolled();
  const strict = (await server.call('addGroup', { name: 'Strict' })).group.id;
  await set(strict, { removableDrives: 'refuse', locked: ['removableDrives'] });
  const team = (await server.call('addGroup', { name: 'Team' })).group.id;
  await set(team, { removableDrives: 'leave' });
  await server.call('setDevice', { id: pc.id, group: team });
  const before = (await pc.hears())!;
  assert.equal(before.settings['removableDrives'], 'leave');
  await server.call('setGroup', { id: team, above: strict });
  const after = (await pc.hears())!;
  assert.equal(after.settings['removableDrives'], 'refuse', 'locked above');
  assert.ok(after.number > before.number);
});

test('a device of an earlier release is told none', async () => {
  const pc = await enrolled();
  assert.equal(await pc.hearsWithoutPolicy(), undefined);
});

test('settings of a later release reach the device; what fits no message is not sent, and the heartbeat goes on', async () => {
  const pc = await enrolled();
  await set(ROOT_GROUP, { printers: { allow: ['office'] } });
  assert.deepEqual((await pc.hears())?.settings, { printers: { allow: ['office'] } });
  await set(ROOT_GROUP, { printers: 'x'.repeat(200 * 1024) });
  assert.equal(await pc.hears(), undefined);
});

test('a policy whose row was altered counts as none', async () => {
  const { group } = await server.call('addGroup', { name: 'Altered' });
  const pc = await enrolled();
  await server.call('setDevice', { id: pc.id, group: group.id });
  await set(group.id, { proofHours: 2 });
  const { rows } = server.repository;
  await server.store.write(async (transaction) => {
    const row = (await transaction.row('policy', group.id))!;
    await transaction.putRow({ ...row, body: row.body.replace('2', '3') });
    await nextPolicyNumber({ rows, random: (bytes) => new Uint8Array(bytes) }, transaction);
  });
  assert.equal(await readPolicy(rows, server.store.reader, group.id), undefined);
  assert.equal((await pc.hears())?.settings['proofHours'], undefined);
});

test("a primary's policy counts above the root group's, only while it is taken from this primary", async () => {
  const pc = await enrolled();
  const { rows } = server.repository;
  await set(ROOT_GROUP, { proofHours: 3, headerBackup: true });
  const from = { id: crypto.randomUUID(), name: 'Headquarters' };
  const change = (takePolicy: boolean, primary = from) =>
    server.store.write(async (transaction) => {
      const number = await nextPolicyNumber(
        { rows, random: () => crypto.getRandomValues(new Uint8Array(8)) },
        transaction,
        'everywhere',
      );
      await rows.put(transaction, 'primary', 'current', primary);
      await writeOptions(rows, transaction, { ...OPTIONS_DEFAULT, takePolicy });
      const document = { proofHours: 1, fixedDrives: 'require', locked: ['proofHours'] };
      await putPrimaryPolicy(rows, transaction, {
        document,
        number,
        from,
        theirs: { number: 7, digest: '0'.repeat(16) },
      });
    });
  const own = { proofHours: 3, headerBackup: true };
  await change(true);
  assert.deepEqual((await pc.hears())?.settings, {
    proofHours: 1,
    fixedDrives: 'require',
    headerBackup: true,
  });
  await change(true, { id: crypto.randomUUID(), name: 'Another' });
  assert.deepEqual((await pc.hears())?.settings, own);
  await change(false);
  assert.deepEqual((await pc.hears())?.settings, own);
});
