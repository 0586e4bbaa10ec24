/** Servers joined in a ring by mistake: refused where it can be seen; where it cannot, named, harmless and mended. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { claimToText } from '#domain/claim.ts';
import { eachServer } from '#domain/each-server.ts';
import { ringSentence } from '#server/hierarchy/ring.ts';
import { eventually } from '#test/support/eventually.ts';
import { joinAs, makeSomeKey } from '#test/support/machine-caller.ts';
import {
  joinInProcess,
  openServer,
  type ServerInProcess,
  switchOption,
} from '#test/support/server-in-process.ts';
import { SHOWN } from '#test/sentences/shown.ts';

interface Counted extends ServerInProcess {
  readonly beats: { count: number };
}

async function openCounted(name: string): Promise<Counted> {
  const beats = { count: 0 };
  const server = await openServer(name, {
    heartbeats: false,
    between: (calls) => ({
      ...calls,
      call: (route, ...rest) => {
        if (route === 'heartbeat') beats.count += 1;
        return calls.call(route, ...rest);
      },
    }),
  });
  return Object.assign(server, { beats });
}

/** Each a secondary of the one before it, the first one a root; no server does anything by itself. */
async function openLine(...names: string[]): Promise<Counted[]> {
  const servers = await Promise.all(names.map(openCounted));
  await switchOption(true, ...servers);
  for (const [index, server] of servers.entries()) {
    if (index > 0) await joinInProcess(server, servers[index - 1]!);
  }
  return servers;
}

/**
 * Joined so that none of them can see it: the second hears of nothing that happens below the third, and the fourth
 * of nothing above it.
 */
async function openRing(): Promise<readonly Counted[]> {
  const [aarhus, bergen, cork, delft] = await Promise.all(
    ['Aarhus', 'Bergen', 'Cork', 'Delft'].map(openCounted),
  );
  assert.ok(aarhus && bergen && cork && delft);
  await switchOption(true, aarhus, bergen, cork, delft);
  await joinInProcess(cork, bergen);
  await joinInProcess(bergen, aarhus);
  await joinInProcess(delft, cork);
  await joinInProcess(aarhus, delft);
  return [aarhus, bergen, cork, delft];
}

async function beatAll(servers: readonly ServerInProcess[]): Promise<number> {
  let transmitted = 0;
  for (const server of servers) transmitted += (await server.call('heartbeatNow', {})).transmitted;
  return transmitted;
}

/** What a server says of the ring: at its own row, at its secondary, and among what is to be acted on. */
async function ringOf(server: ServerInProcess): Promise<(string | null | undefined)[]> {
  const shown = await server.call('showHierarchy', {});
  const { warnings } = await server.call('serverStatus', {});
  const ofRing = warnings.find(({ sentence }) => SHOWN.formALoop.test(sentence));
  return [shown.server.problem, shown.secondaries[0]?.problem, ofRing?.sentence];
}

test('a ring of any length, of servers with any names, is named in a sentence that a tree takes upward', () => {
  const problemMost = 1000;
  const ring = (length: number, name: string) =>
    Array.from({ length }, () => ({ id: randomUUID(), name, joinedAt: '2026-11-26T01:38:53.000Z' }));
  const tooLong = [
    [16, 255],
    [8, 255],
  ]
    .map(
      ([length, units]) =>
        [`${length} servers of ${units} units`, ring(length!, 'n'.repeat(units!))] as const,
    )
    .filter(([, servers]) => ringSentence(servers).length > problemMost);
  assert.deepEqual(
    tooLong.map(([words]) => words),
    [],
  );
});

test('a server joins no server that stands below it, at any distance', async () => {
  const [first, second, third] = await openLine('Aarhus', 'Bergen', 'Cork');
  await beatAll([third!, second!]);
  for (const below of [second!, third!]) {
    await assert.rejects(joinInProcess(first!, below), { code: 'invitation-invalid' });
  }
  assert.equal((await first!.call('serverStatus', {})).primary, null);
});

test('a server admits no server of the line above it, whatever that one knows', async () => {
  const [first, second, third] = await openLine('Aarhus', 'Bergen', 'Cork');
  for (const above of [first!, second!]) {
    const { invitation } = await third!.call('inviteSecondary', {});
    await assert.rejects(joinAs(invitation, { id: above.name.id }), { code: 'invitation-invalid' });
  }
  // Another is admitted, and once the line has changed the same one, too.
  const { invitation } = await third!.call('inviteSecondary', {});
  await joinAs(invitation, { id: randomUUID() });
  await second!.call('leaveHierarchy', {});
  await third!.call('heartbeatNow', {});
  await joinInProcess(first!, third!);
});

test('a ring that nobody could see comes to rest, is named everywhere, and ends where a server leaves', async () => {
  const ring = await openRing();
  const [aarhus] = ring;
  for (const server of ring) server.start();

  for (const server of ring) {
    const told = await eventually(`the ring at ${server.name.name}`, async () => {
      const sentences = await ringOf(server);
      return sentences.every((sentence) => SHOWN.formALoop.test(sentence ?? '')) && sentences;
    });
    for (const sentence of told) {
      for (const { name } of ring) assert.ok(sentence!.includes(name.name), sentence!);
      assert.ok(sentence!.includes('link is that of Aarhus to its primary Delft'), sentence!);
    }
    assert.ok(server.logged.some(({ event }) => event === 'loop-found'));
    const { secondaries } = await server.call('showHierarchy', {});
    assert.equal([...eachServer(secondaries)].length, ring.length);
  }

  // A round in which no heartbeat leads to another.
  const beats = (): number => ring.reduce((sum, server) => sum + server.beats.count, 0);
  await eventually('heartbeats that come to rest', async () => {
    const before = beats();
    await beatAll(ring);
    return beats() - before === ring.length;
  });

  // Keys go round once.
  const keys = await Promise.all(
    ring.map(async (server) => {
      const key = makeSomeKey();
      await server.record(key);
      return key;
    }),
  );
  await eventually('every key everywhere', async () => {
    await beatAll(ring);
    const has = await Promise.all(ring.flatMap((server) => keys.map(({ key }) => server.has(key.id))));
    return has.every(Boolean);
  });
  await eventually('nothing left to transmit', async () => (await beatAll(ring)) === 0);
  for (const server of ring) assert.equal((await server.call('serverStatus', {})).headSeq, keys.length);

  // Questions end.
  const device = await joinAs((await aarhus!.call('inviteDevice', {})).invitation);
  const unknown = makeSomeKey();
  const answer = await device.calls.call('deviceLookup', {
    id: unknown.key.id,
    claim: claimToText(unknown.claim),
  });
  assert.ok(answer.outcome === 'not-found' && answer.reason === 'loop');
  assert.deepEqual(
    answer.asked.map(({ name }) => name),
    ['Aarhus', 'Delft', 'Cork', 'Bergen'],
  );
  const { path } = await aarhus!.call('explainKey', { id: unknown.key.id });
  assert.ok(path.length <= ring.length + 1);

  await aarhus!.call('leaveHierarchy', {});
  for (const server of ring) {
    await eventually(`no ring at ${server.name.name}`, async () => {
      await beatAll(ring.slice(1));
      return (await ringOf(server)).every((sentence) => !SHOWN.formALoop.test(sentence ?? ''));
    });
  }
  const { server, secondaries } = await aarhus!.call('showHierarchy', {});
  assert.equal(server.name, 'Aarhus');
  assert.deepEqual(
    [...eachServer(secondaries)].map(({ server: { name } }) => name),
    ['Bergen', 'Cork', 'Delft'],
  );
});

test('a server that hangs below a ring names it', async () => {
  const ring = await openRing();
  const below = await openCounted('Espoo');
  await joinInProcess(below, ring[1]!);
  await eventually('the ring from below', async () => {
    await beatAll([...ring, below]);
    const { primary } = await below.call('serverStatus', {});
    return ring.every(({ name }) => primary?.problem?.includes(name.name));
  });
});

test('two servers that are each the primary of the other come to rest, too', async () => {
  const [aarhus, bergen] = await Promise.all(['Aarhus', 'Bergen'].map(openCounted));
  assert.ok(aarhus && bergen);
  await joinInProcess(bergen, aarhus);
  const primary = (await bergen.store.reader.row('primary', 'current'))!;
  const member = (await aarhus.store.reader.row('member', bergen.name.id))!;
  await bergen.call('leaveHierarchy', {});
  await joinInProcess(aarhus, bergen);
  // As after older copies of both were put back, one of them in part.
  await bergen.store.write((transaction) => transaction.putRow(primary));
  await aarhus.store.write((transaction) => transaction.putRow(member));
  const ring = [aarhus, bergen];
  await switchOption(true, ...ring);
  for (const server of ring) server.start();
  for (const server of ring) {
    await eventually(`the ring at ${server.name.name}`, async () =>
      (await ringOf(server)).every((sentence) => SHOWN.formALoop.test(sentence ?? '')),
    );
  }
  const beats = (): number => ring.reduce((sum, server) => sum + server.beats.count, 0);
  await eventually('heartbeats that come to rest', async () => {
    const before = beats();
    await beatAll(ring);
    return beats() - before === ring.length;
  });
  await bergen.call('leaveHierarchy', {});
  await aarhus.call('heartbeatNow', {});
  assert.deepEqual(await ringOf(bergen), [null, null, undefined]);
});
