/** Groups of devices: a tree within its bounds, that loses no device and no key, whatever is done to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { GROUP_DEPTH_MAX, GroupTree, ROOT_GROUP } from '#domain/group.ts';
import { admit } from '#server/members/admit.ts';
import { writeMember } from '#server/members/members.ts';
import { decodeInvitation } from '#domain/invitation.ts';
import { openServer } from '#test/support/server-in-process.ts';
import { someDevice } from '#test/support/some-member.ts';
import { makeSomeKey } from '#test/support/some-key.ts';

const server = await openServer('Office', { heartbeats: false });
let names = 0;

async function add(above?: string, name = `Group ${(names += 1)}`): Promise<string> {
  return (await server.call('addGroup', { name, ...(above === undefined ? {} : { above }) })).group.id;
}

async function device(group?: string): Promise<string> {
  const one = someDevice(`PC ${(names += 1)}`, { group });
  await server.store.write((transaction) => writeMember(server.repository.rows, transaction, one));
  return one.id;
}

async function groupOfDevice(id: string): Promise<string> {
  const { devices } = await server.call('listDevices', { find: id });
  return devices[0]!.group.id;
}

async function shown(id: string): Promise<string | null> {
  const { groups } = await server.call('listGroups', {});
  return groups.find((one) => one.id === id)?.above ?? null;
}

test('there is one group at first, which stays, and every device stands in it', async () => {
  const { groups } = await server.call('listGroups', {});
  assert.deepEqual(groups, [{ id: ROOT_GROUP, name: 'Office', above: null, devices: 0 }]);
  assert.equal(await groupOfDevice(await device()), ROOT_GROUP);
  for (const call of [
    server.call('setGroup', { id: 'root', name: 'Other' }),
    server.call('removeGroup', { id: 'root', contents: 'move-up' }),
  ])
    await assert.rejects(call, { code: 'invalid-argument' });
});

test('a device moves between groups by id or name, its keys stay, and the log says so', async () => {
  const lyon = await add(undefined, 'Lyon');
  const pc = await device();
  const key = makeSomeKey({ device: { id: pc, name: 'PC' } });
  await server.record(key);
  const done = await server.call('setDevice', { id: pc, group: 'Lyon' });
  assert.deepEqual(done.group, { id: lyon, name: 'Lyon' });
  assert.equal(await groupOfDevice(pc), lyon);
  assert.equal((await server.call('listKeys', { device: pc })).keys.length, 1);
  const last = (await server.events('device-grouped')).at(-1)!;
  assert.deepEqual([last['device'], last['group'], last['before']], [pc, lyon, ROOT_GROUP]);
  await assert.rejects(server.call('setDevice', { id: pc, group: 'Nowhere' }), { code: 'not-found' });
});

test('a group that something is in is not removed, unless that moves to the group above', async () => {
  const above = await add();
  const group = await add(above);
  const below = await add(group);
  const pcs = await Promise.all(Array.from({ length: 600 }, () => device(group)));
  const refused = server.call('removeGroup', { id: group });
  await assert.rejects(refused, { code: 'group-in-use' });
  assert.equal(await shown(group), above, 'nothing was changed');
  const removed = await server.call('removeGroup', { id: group, contents: 'move-up' });
  assert.deepEqual([removed.devices, removed.groups], [600, 1]);
  assert.equal(await shown(group), null);
  assert.equal(await shown(below), above);
  for (const pc of [pcs[0]!, pcs.at(-1)!]) assert.equal(await groupOfDevice(pc), above);
  assert.equal((await server.events('group-removed')).at(-1)!['group'], group);
  await server.call('removeGroup', { id: below });
});

test('a group is not removed while the role of somebody is limited to it', async () => {
  const group = await add();
  await server.call('addRole', { name: 'Desk', rights: [{ area: 'Key reveal', right: 'Write' }] });
  const limits = [{ role: 'Desk', groups: [group] }];
  const { person } = await server.call('addPerson', { name: 'Kim', service: true, roles: ['Desk'], limits });
  await assert.rejects(server.call('removeGroup', { id: group }), { code: 'group-in-use' });
  await server.call('removePerson', { id: person.id! });
  await server.call('removeGroup', { id: group });
});

test('no group stands in itself, too deep, or beside one of its name; a changed one is not changed unseen', async () => {
  let deep = await add();
  const top = deep;
  for (let depth = 2; depth <= GROUP_DEPTH_MAX; depth += 1) deep = await add(deep);
  await assert.rejects(add(deep), { code: 'invalid-argument' });
  for (const above of [top, deep])
    await assert.rejects(server.call('setGroup', { id: top, above }), { code: 'invalid-argument' });
  const pair = await add();
  await add(pair);
  await assert.rejects(server.call('setGroup', { id: pair, above: deep }), { code: 'invalid-argument' });
  await add(undefined, 'Straße');
  await assert.rejects(add(undefined, 'STRASSE'.replace('SS', 'ß')), { code: 'already-exists' });
});

test('an invitation puts a device into a group; a device that is managed here keeps its own', async () => {
  const [first, second] = [await add(), await add()];
  const { administration, authority, store, repository } = server;
  const join = async (group: string | undefined, id: string, key: string): Promise<void> => {
    const given = group === undefined ? {} : { group };
    const { invitation } = await server.call('inviteDevice', given);
    const { secret } = decodeInvitation(invitation);
    const ports = {
      ...repository,
      store,
      clock: server.clock,
      hierarchyChanged: { raise: () => {} } as never,
    };
    const credentials = { certify: async () => ({}), addresses: () => [], fingerprint: '' } as never;
    const joiner = { publicKey: Buffer.from(key), fingerprint: key };
    await admit(
      ports,
      credentials,
      joiner,
      { secret, kind: 'device', id, name: 'PC', protocol: 1 } as never,
      [],
    );
  };
  assert.ok(administration && authority);
  const [one, other] = [crypto.randomUUID(), crypto.randomUUID()];
  await join(first, one, 'a');
  assert.equal(await groupOfDevice(one), first);
  await join(undefined, other, 'b');
  assert.equal(await groupOfDevice(other), ROOT_GROUP);
  await join(second, one, 'a');
  assert.equal(await groupOfDevice(one), first, 'whoever invites does not get what stands elsewhere');
  await server.call('removeDevice', { id: one });
  await join(second, one, 'a');
  assert.equal(await groupOfDevice(one), second);
});

test('whatever the rows say, each group has one place in the tree', () => {
  const ids = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'root', 'gone');
  const rows = fc.uniqueArray(
    fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd', 'e'), name: fc.constantFrom('x', 'y'), above: ids }),
    { selector: ({ id }) => id },
  );
  fc.assert(
    fc.property(rows, ids, (groups, from) => {
      const tree = new GroupTree(groups);
      const all = tree.all().map(({ group }) => group.id);
      assert.deepEqual(all.toSorted(), groups.map(({ id }) => id).toSorted());
      assert.equal(tree.within([ROOT_GROUP]).size, groups.length + 1);
      const within = tree.within([from]);
      for (const id of within) assert.ok(tree.below(id).every((one) => within.has(one.id)));
    }),
  );
});
