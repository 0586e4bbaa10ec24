/** What a secondary tells of the servers below it: whatever it is, what is kept of it can be shown and sent upward. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  LOOKUP_DEPTH_MAX,
  REQUEST_BYTES_MAX,
  TREE_BYTES_MAX,
  TREE_PROBLEM_LENGTH_MAX,
  TREE_SERVERS_MAX,
} from '#domain/limits.ts';
import { HeartbeatRequest } from '#protocol/messages.ts';
import { eachServer } from '#domain/each-server.ts';
import { ToldServersSchema, type TreeServer } from '#protocol/server-tree.ts';
import { cutFairly, cutTold, ROOM_SHOWN, ROOM_UPWARD } from '#server/hierarchy/cut-tree.ts';
import { healContacts } from '#server/hierarchy/secondaries/heal-contacts.ts';
import { createDice } from '#test/simulation/world/dice.ts';
import { eventually } from '#test/support/eventually.ts';
import { playSecondary } from '#test/support/played-secondary.ts';
import { joinInProcess, openServer, type ServerInProcess } from '#test/support/server-in-process.ts';
import { randomTree, toldChain, toldServer } from '#test/support/told-servers.ts';

const OWN = 'c0ffee00-0000-4000-8000-000000000000';

function count(tree: readonly TreeServer[]): number {
  return [...eachServer(tree)].length;
}

function levels(tree: readonly TreeServer[]): number {
  return Math.max(0, ...[...eachServer(tree)].map(({ depth }) => depth + 1));
}

/** What a server may tell its primary, and its primary keep and tell on. */
function requireWithinBounds(tree: readonly TreeServer[]): void {
  assert.ok(levels(tree) <= LOOKUP_DEPTH_MAX - 1);
  assert.ok(count(tree) <= TREE_SERVERS_MAX);
  assert.ok(Buffer.byteLength(JSON.stringify(tree)) <= TREE_BYTES_MAX);
  for (const { server } of eachServer(tree)) {
    assert.ok((server.problem ?? '').length <= TREE_PROBLEM_LENGTH_MAX);
    if (server.id === OWN) assert.deepEqual(server.secondaries, []);
  }
  assert.ok(ToldServersSchema.safeParse(tree).success);
}

test('what is kept of any told tree is within the bounds, and keeping it again changes nothing', () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const dice = createDice(seed, 'told trees');
    const told = randomTree(dice, dice.pick([0, 1, 5, 40, 300, 1100]), [OWN]);
    const parsed = ToldServersSchema.parse(told);
    const { tree, isCut } = cutTold(parsed, OWN);
    requireWithinBounds(tree);
    const again = cutTold(tree, OWN);
    assert.deepEqual(again.tree, tree, `seed ${seed}`);
    assert.equal(again.isCut, false, `seed ${seed}`);
    // Whatever is not there any more is noted where it stood.
    if (count(tree) < count(parsed)) assert.ok(isCut, `seed ${seed}`);
    requireWithinBounds(cutFairly([toldServer('below', { secondaries: tree })], OWN, ROOM_UPWARD));
  }
});

test('however much all secondaries tell of, what is shown of it fits', () => {
  // As many secondaries as one likes, each with what it may tell.
  const below = (name: string, servers: number, problem: string | null) =>
    Array.from({ length: 30 }, () =>
      toldServer(name, { secondaries: Array.from({ length: servers }, () => toldServer(name, { problem })) }),
    );
  const many = cutFairly(below('s', 1000, null), OWN, ROOM_SHOWN);
  assert.ok(count(many) <= 20_000, `TREE_SHOWN_SERVERS_MAX: ${count(many)} servers`);
  const wordy = cutFairly(below('s', 300, 'p'.repeat(1000)), OWN, ROOM_SHOWN);
  const bytes = Buffer.byteLength(JSON.stringify(wordy));
  assert.ok(bytes <= 8 * 1024 * 1024, `TREE_SHOWN_BYTES_MAX: ${bytes} bytes`);
});

test('one secondary that tells of too many takes no room from the others', () => {
  const small = toldServer('small', { secondaries: [toldServer('one'), toldServer('other')] });
  const wide = toldServer('wide', {
    secondaries: Array.from({ length: TREE_SERVERS_MAX }, (_, index) => toldServer(`server ${index}`)),
  });
  const [first, cut, last] = cutFairly([small, wide, small], OWN, ROOM_UPWARD);
  assert.deepEqual([first, last], [small, small]);
  assert.ok(cut!.secondaries.length > TREE_SERVERS_MAX / 2);
  assert.ok(cut!.secondaries.length < TREE_SERVERS_MAX);
  assert.notEqual(cut!.problem, null);
});

async function threeInLine() {
  const [root, middle] = await Promise.all([openServer('Root'), openServer('Middle')]);
  await joinInProcess(middle, root);
  return { root, middle, played: await playSecondary(middle) };
}

async function shownBelow(server: ServerInProcess, name: string): Promise<TreeServer | undefined> {
  const { secondaries } = await server.call('showHierarchy', {});
  return [...eachServer(secondaries)].find((place) => place.server.name === name)?.server;
}

test('a tree of any depth that a heartbeat can carry is cut, noted where it was cut, shown and sent upward', async () => {
  const { root, middle, played } = await threeInLine();
  const good = await playSecondary(middle, 'good');
  await good.heartbeat({ tree: [toldServer('its own')], treeDigest: '1'.repeat(16) });
  for (const tree of [
    toldChain(913),
    toldChain(LOOKUP_DEPTH_MAX),
    Array.from({ length: 1050 }, () => toldServer('x')),
  ]) {
    assert.ok(JSON.stringify(tree).length < REQUEST_BYTES_MAX);
    await played.heartbeat({ tree, treeDigest: '2'.repeat(16) });
    const { secondaries } = await middle.call('showHierarchy', {});
    assert.ok(levels(secondaries) <= LOOKUP_DEPTH_MAX - 1);
    const noted = [...eachServer(secondaries)].filter(({ server }) => server.problem !== null);
    assert.ok(noted.length > 0);
    // Its own heartbeats are answered, and the tree of its other secondary is there.
    await middle.call('heartbeatNow', {});
    assert.ok((await shownBelow(root, 'its own')) !== undefined);
    assert.ok((await shownBelow(root, 'played')) !== undefined);
  }
  assert.ok(middle.logged.some(({ event, secondary }) => event === 'tree-cut' && secondary === played.id));
});

test('a tree that is not of the form is refused with its heartbeat, and the secondary alone is touched', async () => {
  const { middle, played } = await threeInLine();
  const heartbeat = { name: 'played', useHierarchy: true, dmz: false, epoch: played.epoch, seq: 0 };
  const form = { ...heartbeat, chain: '0'.repeat(64), treeDigest: '3'.repeat(16) };
  assert.ok(HeartbeatRequest.safeParse({ ...form, tree: toldChain(3) }).success);
  const bad = JSON.stringify({ ...form, tree: [{ ...toldServer('bad'), secondaries: [null] }] });
  assert.equal((await played.to('heartbeat', bad)).code, 'request-invalid');
  assert.equal((await middle.call('showHierarchy', {})).secondaries.length, 1);
});

test('a row that an earlier release kept as it was told is cut when it is read, healed, and its member named', async () => {
  const { root, middle, played } = await threeInLine();
  await played.heartbeat();
  const { body, lastHeartbeatAt } = (await middle.store.reader.contact(played.id))!;
  const poisoned = JSON.stringify({ ...(JSON.parse(body) as object), tree: toldChain(913) });
  await middle.store.write((transaction) =>
    transaction.putContact({ id: played.id, lastHeartbeatAt, body: poisoned }),
  );
  assert.ok(levels((await middle.call('showHierarchy', {})).secondaries) <= LOOKUP_DEPTH_MAX - 1);
  await middle.call('heartbeatNow', {});
  assert.ok((await shownBelow(root, 'level 1')) !== undefined);

  const { store, repository, logged } = middle;
  const log = { info: push, warn: push, error: push };
  function push(fields: Readonly<Record<string, unknown>>): void {
    logged.push({ ...fields });
  }
  await healContacts({ ...repository, store, log }, new AbortController().signal);
  assert.ok(logged.some(({ event, secondary }) => event === 'tree-cut' && secondary === played.id));
  const healed = (await store.reader.contact(played.id))!.body;
  assert.ok(healed.length < poisoned.length / 10);
  logged.length = 0;
  await healContacts({ ...repository, store, log }, new AbortController().signal);
  assert.deepEqual(logged, []);
});

test('changes below are told upward at once, and many of them together', async () => {
  let beats = 0;
  const root = await openServer('Root');
  const middle = await openServer('Middle', {
    between: (calls) => ({
      ...calls,
      call: (name, ...rest) => {
        if (name === 'heartbeat') beats += 1;
        return calls.call(name, ...rest);
      },
    }),
  });
  await joinInProcess(middle, root);
  const played = await playSecondary(middle);
  const before = beats;
  const changes = 40;
  for (let change = 1; change <= changes; change += 1) {
    const tree = [toldServer(`change ${change}`)];
    await played.heartbeat({ tree, treeDigest: String(change).padStart(16, '0') });
  }
  await eventually('the last change at the root', () => shownBelow(root, `change ${changes}`));
  // Two calls each: the tree itself is sent when it is asked for.
  assert.ok(beats - before < changes, `${beats - before} calls for ${changes} changes`);
});
