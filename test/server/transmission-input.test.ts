/** What a primary makes of batches that are wrong, cut, too large or hostile. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, beforeEach, test } from 'node:test';
import { type Position, SEQUENCE_START } from '#domain/sequence.ts';
import {
  TRANSMISSION_BYTES_MAX,
  TRANSMISSION_KEYS_MAX,
  TRANSMISSION_LINE_BYTES_MAX,
} from '#domain/limits.ts';
import { keyToWire } from '#protocol/wire-key.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import { type Answered, makeSomeKey } from '#test/support/machine-caller.ts';
import {
  batchOf,
  bytesOf,
  hex,
  lineOf,
  type PlayedSecondary,
  playSecondary,
} from '#test/support/played-secondary.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

let primary: ServerInProcess;
let secondary: PlayedSecondary;

before(async () => {
  primary = await openServer('Above');
  await primary.call('changeSettings', { useHierarchy: true });
});
beforeEach(async () => {
  secondary = await playSecondary(primary);
  await secondary.heartbeat();
});

const send = (lines: readonly string[], start: Position = SEQUENCE_START) =>
  secondary.calls.transmit(bytesOf(batchOf(secondary.epoch, start, lines)));

/** A whole batch is nothing that is stored in part: neither keys nor cursor. */
async function nothingStored(...ids: readonly string[]): Promise<void> {
  for (const id of ids) assert.equal(await primary.has(id), false, id);
  assert.equal((await primary.store.reader.cursor(secondary.id, secondary.epoch))?.seq, 0);
}

function refused(answered: Answered, code: string): void {
  assert.equal(answered.code, code, JSON.stringify(answered.document));
}

test('a record that does not fit its id is refused alone, and the rest of its batch goes on', async () => {
  const [good, bad, other] = [makeSomeKey(), makeSomeKey(), makeSomeKey()];
  const forged = { ...keyToWire(bad), material: Buffer.from('another material').toString('base64') };
  const answer = await send([lineOf(good), lineOf(bad, forged), lineOf(other)]);
  assert.equal(answer.outcome, 'received');
  assert.equal(answer.acknowledged.seq, 3);
  assert.deepEqual(
    answer.refused.map(({ seq, id }) => [seq, id]),
    [[2, bad.key.id]],
  );
  assert.match(answer.refused[0]!.reason, SHOWN.idDoesNotFit);
  assert.deepEqual(
    [await primary.has(good.key.id), await primary.has(bad.key.id), await primary.has(other.key.id)],
    [true, false, true],
  );
  const stored = await primary.store.reader.refusedKeys(secondary.id, 10);
  assert.deepEqual(
    stored.map(({ seq, keyId }) => [seq, keyId]),
    [[2, bad.key.id]],
    'beside the cursor',
  );
});

test('every field of a record is bound to its id', async () => {
  const key = makeSomeKey();
  const { key: fields, material, blind } = keyToWire(key);
  const changes: Record<string, unknown>[] = [
    { key: { ...fields, kind: 'recovery' } },
    { key: { ...fields, claimHash: hex(randomBytes(32)) } },
    { key: { ...fields, device: { ...fields.device, name: 'another' } } },
    { key: { ...fields, locator: { label: 'another' } } },
    { key: { ...fields, algorithm: 'cipher_null' } },
    { key: { ...fields, origin: secondary.id } },
    { key: { ...fields, createdAt: '2020-01-01T00:00:00.000Z' } },
    { key: { ...fields, replaces: makeSomeKey().key.id } },
    { key: { ...fields, id: makeSomeKey().key.id } },
    { material: `${material.slice(0, -4)}AAA=` },
    { blind: Buffer.alloc(16).toString('base64') },
    { blind: blind.slice(0, 4) },
    { digest: hex(randomBytes(32)) },
  ];
  const answer = await send(changes.map((change) => lineOf(key, change)));
  assert.deepEqual(
    answer.refused.map(({ seq }) => seq),
    changes.map((_, at) => at + 1),
  );
  assert.equal(await primary.has(key.key.id), false);
});

test('a record over the size limit is refused alone', async () => {
  const [good, large] = [makeSomeKey(), makeSomeKey()];
  const material = randomBytes(4097).toString('base64');
  const answer = await send([lineOf(large, { material }), lineOf(good)]);
  assert.match(answer.refused[0]!.reason, SHOWN.materialTooLong);
  assert.ok(await primary.has(good.key.id));
});

test('a record that is known under its id with other content changes nothing', async () => {
  const key = makeSomeKey();
  assert.equal((await send([lineOf(key)])).refused.length, 0);
  const other = await playSecondary(primary, 'second');
  await other.heartbeat();
  const again = await other.calls.transmit(
    bytesOf(batchOf(other.epoch, SEQUENCE_START, [lineOf(key), lineOf(key)])),
  );
  assert.deepEqual([again.outcome, again.refused], ['received', []], 'a known one is no fault');
  const listed = await primary.call('listKeys', { find: key.key.id });
  assert.deepEqual(
    listed.keys.map(({ receivedFrom }) => receivedFrom),
    [`secondary:${secondary.id}`],
  );
});

test('a batch out of order is answered with the cursor, and nothing of it is stored', async () => {
  const [first, second] = [makeSomeKey(), makeSomeKey()];
  const ahead = batchOf(secondary.epoch, SEQUENCE_START, [lineOf(first)]).end;
  const early = await send([lineOf(second)], ahead);
  assert.deepEqual([early.outcome, early.acknowledged.seq], ['discontinuous', 0]);
  await nothingStored(second.key.id);
  assert.equal((await send([lineOf(first)])).outcome, 'received');
  const repeated = await send([lineOf(first)]);
  assert.deepEqual([repeated.outcome, repeated.acknowledged.seq], ['discontinuous', 1]);
  assert.equal((await send([lineOf(second)], ahead)).outcome, 'received');
});

test('a batch that continues another history of the same length is out of order too', async () => {
  await send([lineOf(makeSomeKey())]);
  const otherLife = batchOf(secondary.epoch, SEQUENCE_START, [lineOf(makeSomeKey())]).end;
  assert.equal((await send([lineOf(makeSomeKey())], otherLife)).outcome, 'discontinuous');
});

test('a batch of an epoch that was never told in a heartbeat is not taken', async () => {
  const key = makeSomeKey();
  const batch = batchOf(hex(randomBytes(16)), SEQUENCE_START, [lineOf(key)]);
  assert.equal((await secondary.calls.transmit(bytesOf(batch))).outcome, 'discontinuous');
  await nothingStored(key.key.id);
});

test('a batch that ends anywhere but after its last line is stored not at all', async () => {
  const keys = [makeSomeKey(), makeSomeKey()];
  const whole = bytesOf(
    batchOf(
      secondary.epoch,
      SEQUENCE_START,
      keys.map((key) => lineOf(key)),
    ),
  );
  for (const cut of [0, 1, 40, 200, whole.length >> 1, whole.length - 120, whole.length - 1]) {
    refused(await secondary.to('transmit', whole.subarray(0, cut)), 'batch-incomplete');
  }
  refused(await secondary.to('transmit', Buffer.concat([whole, Buffer.from('{}\n')])), 'batch-incomplete');
  await nothingStored(...keys.map(({ key }) => key.id));
});

test('lines that are no keys, and an end that does not fit, are refused with the whole batch', async () => {
  const { lines } = batchOf(secondary.epoch, SEQUENCE_START, [lineOf(makeSomeKey())]);
  const [start, key, end] = lines;
  for (const batch of [
    ['garbage', key, end],
    ['{}', key, end],
    [start, 'garbage', end],
    [start, '[]', end],
    [start, 'null', end],
    [start, '{"digest":"ff"}', end],
    [start, key, key, end],
    [start, key, '{"end":{"seq":-1}}'],
    [start, key, `{"end":{"seq":1,"chain":"${'0'.repeat(64)}"}}`],
  ]) {
    refused(await secondary.to('transmit', `${batch.join('\n')}\n`), 'batch-incomplete');
  }
  await nothingStored();
});

test('too many keys, too long a line and too many bytes are cut off at the limit', async () => {
  const filler = `{"digest":"${'0'.repeat(64)}"}\n`;
  const start = `${batchOf(secondary.epoch, SEQUENCE_START, []).lines[0]}\n`;
  refused(
    await secondary.to('transmit', start + filler.repeat(TRANSMISSION_KEYS_MAX + 2)),
    'request-too-large',
  );
  const longLine = `${start}{"digest":"${'0'.repeat(TRANSMISSION_LINE_BYTES_MAX)}"}\n`;
  refused(await secondary.to('transmit', longLine), 'request-too-large');
  refused(
    await secondary.to('transmit', Buffer.alloc(TRANSMISSION_BYTES_MAX + 1, '\n')),
    'request-too-large',
  );
  await nothingStored();
});

test('a batch is not taken as anything but JSON lines', async () => {
  const batch = bytesOf(batchOf(secondary.epoch, SEQUENCE_START, []));
  refused(await secondary.post('/v1/secondary/transmission', batch, 'text/plain'), 'request-invalid');
  refused(await secondary.post('/v1/secondary/transmission', '{}', 'application/json'), 'request-invalid');
});

test('a transmission whose link was marked DMZ while it travelled is not stored', async () => {
  const key = makeSomeKey();
  const whole = bytesOf(batchOf(secondary.epoch, SEQUENCE_START, [lineOf(key)]));
  async function* slowly(): AsyncGenerator<Uint8Array> {
    yield whole.subarray(0, 100);
    await primary.call('setServer', { id: secondary.id, dmz: true });
    yield whole.subarray(100);
  }
  // The connection is cut by the command, or the whole batch is answered with "closed": never taken.
  const answer = await secondary.to('transmit', slowly()).catch((error: unknown) => error);
  if (!(answer instanceof Error)) assert.equal((answer as Answered).document['outcome'], 'closed');
  await nothingStored(key.key.id);
});

test('two epochs of one secondary heard in turn are reported as two copies of one server', async () => {
  const first = (await secondary.heartbeat()) as { copies?: boolean };
  assert.equal(first.copies, undefined);
  const epoch = hex(randomBytes(16));
  assert.equal(((await secondary.heartbeat({ epoch })) as { copies?: boolean }).copies, undefined);
  assert.equal(((await secondary.heartbeat()) as { copies?: boolean }).copies, true);
  const { secondaries } = await primary.call('serverStatus', {});
  assert.match(secondaries.find(({ id }) => id === secondary.id)?.problem ?? '', SHOWN.twoCopiesBelow);
  // Told once, however often either of them is heard.
  for (const heard of [epoch, secondary.epoch, epoch, secondary.epoch])
    await secondary.heartbeat({ epoch: heard });
  assert.equal((await primary.events('copies-heard')).length, 1);
  const logged = primary.logged.filter(({ event }) => event === 'copies-heard');
  assert.equal(logged.length, 1);
});
