/** A repair that must wait for others: a secondary that sends again, a device that gives its receipts back, a file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimToText } from '#domain/claim.ts';
import { openAgent } from '#test/support/agent-in-process.ts';
import { keyToWire } from '#protocol/wire-key.ts';
import { joinAs, makeSomeKey } from '#test/support/machine-caller.ts';
import type { ServerInProcess } from '#test/support/server-in-process.ts';
import { DAMAGE } from '#test/sentences/damage.ts';
import { damagedServers } from './damaged-server.ts';

const KEYS = 5;
const agent = openAgent();
const ofDevice: string[] = [];

const servers = damagedServers(async () => {
  const { lyon } = servers;
  await lyon.record(...Array.from({ length: KEYS }, () => makeSomeKey()));
  await lyon.call('heartbeatNow', {});
  await agent.enrolWith(lyon);
  for (let made = 0; made < 3; made += 1) ofDevice.push(await agent.makeKey());
  await agent.heartbeat();
  // Nothing is on its way when the first test begins.
  await lyon.call('heartbeatNow', {});
  assert.equal((await servers.primary.store.reader.head()).seq, KEYS + ofDevice.length);
});

async function fine(server: ServerInProcess): Promise<void> {
  const { problems } = await server.call('verify', {});
  assert.deepEqual(problems, []);
}

for (const [words, sql, numbers] of [
  ['a key that does not open', 'UPDATE keys SET sealed = zeroblob(70) WHERE seq = 3', [3]],
  ['a row that is missing', 'DELETE FROM keys WHERE seq = 3', [3]],
  ['a run of rows that are missing', 'DELETE FROM keys WHERE seq IN (1, 2, 4)', [1, 4]],
  ['an id that was altered', 'UPDATE keys SET id = randomblob(16), sealed = zeroblob(70) WHERE seq = 2', [2]],
] as const) {
  test(`${words} at a root is asked of the secondary that sent it, and comes with its next heartbeat`, async () => {
    const { primary, lyon } = servers;
    const before = (await primary.store.reader.keysAfter(0, 100)).map(({ seq, id }) => [seq, id]);
    const putBack = servers.keep(primary, 'keys');
    servers.alter(primary, sql);
    const report = await primary.call('verify', { repair: true });
    assert.deepEqual(
      report.damaged.map(({ seq }) => seq),
      numbers,
    );
    assert.deepEqual(report.repair!.repaired, []);
    assert.deepEqual(
      report.repair!.waiting.map(({ place, id }) => [place, id]),
      [['secondary', lyon.name.id]],
    );
    assert.deepEqual(report.repair!.waiting[0]!.step, {
      name: 'secondary-heartbeat',
      details: { server: 'Lyon' },
    });
    await lyon.call('heartbeatNow', {});
    try {
      await fine(primary);
      assert.deepEqual(
        (await primary.store.reader.keysAfter(0, 100)).map(({ seq, id }) => [seq, id]),
        before,
        'each at its own number',
      );
      const rows = await primary.store.reader.keysAfter(0, KEYS);
      assert.ok(rows.every(({ receivedFrom }) => receivedFrom === `secondary:${lyon.name.id}`));
      assert.match(String((await primary.events('key-repaired')).at(-1)!['from']), /^secondary:/);
    } catch (error) {
      putBack();
      throw error;
    }
  });
}

for (const [words, sql] of [
  ['does not open', 'UPDATE keys SET sealed = zeroblob(70) WHERE seq = ?'],
  ['is missing', 'DELETE FROM keys WHERE seq = ?'],
] as const) {
  test(`a device's own key that ${words} comes back from its receipt, and climbs if the primary had refused it`, async () => {
    const { primary, lyon } = servers;
    const id = ofDevice[1]!;
    const { seq } = (await lyon.store.reader.keyById(id))!;
    servers.alter(lyon, sql, seq);
    const report = await lyon.call('verify', { repair: true });
    assert.deepEqual(
      report.damaged.map((damaged) => [damaged.seq, damaged.id]),
      [[seq, id]],
    );
    assert.deepEqual(
      report.repair!.obstacles.map(({ step }) => step?.name),
      ['allow-recovery'],
    );
    const device = report.repair!.waiting.find(({ place }) => place === 'device');
    assert.equal(device!.step?.name, 'device-heartbeat');
    await agent.heartbeat();
    await fine(lyon);
    assert.equal((await lyon.store.reader.keyById(id))?.seq, seq);
    // Once it is whole nothing is asked for any more.
    await agent.heartbeat();
    const returned = (await lyon.events('receipts-returned')).length;
    await agent.heartbeat();
    assert.equal((await lyon.events('receipts-returned')).length, returned);
    await lyon.call('heartbeatNow', {});
    assert.equal(await primary.has(id), true);
  });
}

test('a key that was sent while it was damaged, and so refused, climbs once it is repaired', async () => {
  const { primary, lyon } = servers;
  await lyon.call('changeSettings', { useHierarchy: false });
  const id = await agent.makeKey();
  await agent.heartbeat();
  const { seq } = (await lyon.store.reader.keyById(id))!;
  servers.alter(lyon, 'UPDATE keys SET sealed = zeroblob(70) WHERE seq = ?', seq);
  await lyon.call('changeSettings', { useHierarchy: true });
  await lyon.call('heartbeatNow', {});
  assert.equal(await primary.has(id), false);
  assert.equal((await lyon.store.reader.refusedKeys('', 9)).length, 1);
  const { damaged } = await lyon.call('verify', { repair: true });
  assert.ok(!damaged[0]!.places.some(({ place }) => place === 'primary'), 'it is not there');
  await agent.heartbeat();
  await fine(lyon);
  await lyon.call('heartbeatNow', {});
  assert.equal(await primary.has(id), true);
  assert.deepEqual(await lyon.store.reader.refusedKeys('', 9), []);
});

test('a key that does not open here is had from the primary by whoever holds its claim, and by nobody else', async () => {
  const { primary, lyon } = servers;
  const made = makeSomeKey();
  await lyon.record(made);
  await lyon.call('heartbeatNow', {});
  const putBack = servers.keep(lyon, 'keys');
  servers.alter(lyon, "UPDATE keys SET sealed = zeroblob(70) WHERE id = unhex(?, '-')", made.key.id);
  const ask = (claim: Uint8Array) =>
    agent.ask((calls) => calls.call('deviceLookup', { id: made.key.id, claim: claimToText(claim) }));
  const answer = await ask(made.claim);
  assert.ok(answer.outcome === 'found' && 'complete' in answer);
  assert.deepEqual(answer.complete.material, Buffer.from(made.material.expose()).toString('base64'));
  assert.equal(answer.source.id, primary.name.id);
  await assert.rejects(ask(new Uint8Array(16)), { code: 'record-unreadable' });
  await lyon.call('changeSettings', { useHierarchy: false });
  await assert.rejects(ask(made.claim), { code: 'record-unreadable' });
  await lyon.call('changeSettings', { useHierarchy: true });
  putBack();
});

test('a key that came down by a lookup, damaged, comes again with the next lookup, and is repaired', async () => {
  const { primary, lyon } = servers;
  const made = makeSomeKey();
  await primary.record(made);
  const ask = () =>
    agent.ask((calls) => calls.call('deviceLookup', { id: made.key.id, claim: claimToText(made.claim) }));
  assert.equal((await ask()).outcome, 'found');
  const { seq } = (await lyon.store.reader.keyById(made.key.id))!;
  servers.alter(lyon, 'UPDATE keys SET sealed = zeroblob(70) WHERE seq = ?', seq);
  await primary.call('allowRecovery', { id: lyon.name.id });
  const report = await lyon.call('verify', { repair: true });
  await primary.call('allowRecovery', { id: lyon.name.id, off: true });
  assert.deepEqual(
    report.repair!.waiting.map(({ place, id }) => [place, id]),
    [['primary', primary.name.id]],
  );
  assert.equal((await ask()).outcome, 'found');
  await fine(lyon);
});

for (const [words, sql] of [
  ['total', 'UPDATE receipt_totals SET count = count + 1'],
  ['digest of the total', 'UPDATE receipt_totals SET digest = zeroblob(32)'],
  ['note', 'DELETE FROM receipts WHERE seq = (SELECT max(seq) FROM receipts)'],
] as const) {
  test(`a ${words} of receipts that was altered is found, counted anew, and made whole by the device`, async () => {
    const { lyon } = servers;
    servers.alter(lyon, sql);
    const found = await lyon.call('verify', {});
    assert.deepEqual([found.problems.length, found.damaged.length], [1, 0]);
    assert.match(found.problems[0]!.sentence, DAMAGE.receiptNotes);
    assert.equal(found.problems[0]!.step?.name, 'count-receipts');
    assert.deepEqual((await lyon.call('verify', { repair: true })).problems, []);
    await agent.heartbeat();
    await fine(lyon);
    const told = (await lyon.events('receipts-returned')).length;
    await agent.heartbeat();
    assert.equal((await lyon.events('receipts-returned')).length, told, 'both count alike');
  });
}

test('what was heard of a neighbour, altered, is told, and is heard again', async () => {
  const { primary, lyon } = servers;
  servers.alter(primary, "UPDATE contacts SET body = 'x' WHERE id = ?", lyon.name.id);
  const found = await primary.call('verify', {});
  assert.match(found.problems.map(({ sentence }) => sentence).join(), DAMAGE.heartbeatOf(lyon.name.id));
  assert.deepEqual((await primary.call('verify', { repair: true })).problems, []);
  await lyon.call('heartbeatNow', {});
  await fine(primary);
});

test('more damaged keys than one verification names are all repaired, in rounds', async () => {
  const { primary, lyon } = servers;
  const many = 1200;
  await lyon.record(...Array.from({ length: many }, () => makeSomeKey()));
  await lyon.call('heartbeatNow', {});
  const head = (await lyon.store.reader.head()).seq;
  servers.alter(lyon, 'UPDATE keys SET sealed = zeroblob(70) WHERE seq % 2 = 0');
  servers.alter(lyon, 'UPDATE keys SET device = zeroblob(16) WHERE seq % 2 = 1');
  await primary.call('allowRecovery', { id: lyon.name.id });
  const { ok, repair, problems } = await lyon.call('verify', { repair: true });
  assert.deepEqual([ok, problems], [true, []]);
  assert.equal(repair!.repaired.length + (repair!.moreRepaired ?? 0), head);
  assert.equal((await lyon.events('repair-ended')).at(-1)!['left'], 0);
});

test('a device whose answer was lost, and that hands over again, repairs the row that was damaged meanwhile', async () => {
  const { lyon } = servers;
  await lyon.call('changeSettings', { useHierarchy: false });
  const { id, calls } = await joinAs((await lyon.call('inviteDevice', {})).invitation);
  const made = makeSomeKey({ device: { id, name: 'laptop' }, origin: lyon.name.id });
  await calls.call('record', { complete: keyToWire(made) });
  const { seq } = (await lyon.store.reader.keyById(made.key.id))!;
  servers.alter(lyon, 'UPDATE keys SET sealed = zeroblob(70) WHERE seq = ?', seq);
  assert.equal((await lyon.call('verify', { repair: true })).damaged.length, 1);
  await calls.call('record', { complete: keyToWire(made) });
  await fine(lyon);
  assert.equal((await lyon.store.reader.keyById(made.key.id))?.seq, seq);
  await lyon.call('changeSettings', { useHierarchy: true });
});
