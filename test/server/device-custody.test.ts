/** Keys of many devices taken into custody together: each has its own answer, and all share the work. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { codeOf } from '#domain/errors.ts';
import type { Member } from '#domain/member.ts';
import { DeviceCustody } from '#server/devices/device-custody.ts';
import { NOTHING_WANTED } from '#test/support/nothing-wanted.ts';
import { checkKey } from '#domain/encryption-key.ts';
import { Signal } from '#server/environment/signal.ts';
import { notAMember } from '#server/members/members.ts';
import { type MadeKey, makeSomeKey } from '#test/support/machine-caller.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

let server: ServerInProcess;
let custody: DeviceCustody;
let raised = 0;

before(async () => {
  server = await openServer('Oslo', { heartbeats: false });
  const { store, clock, repository } = server;
  const keysRecorded = new Signal();
  keysRecorded.listen(() => (raised += 1));
  custody = new DeviceCustody({ store, clock, keysRecorded, wanted: NOTHING_WANTED, ...repository });
});

const member = (id: string) => (): Promise<Member> => Promise.resolve({ id } as Member);
const removed = (): Promise<Member> => Promise.reject(notAMember());

function keyOf(device: string): MadeKey {
  return makeSomeKey({ device: { id: device, name: 'laptop' }, origin: server.name.id });
}

/** What became of each: undefined, or the code of the refusal. */
async function handOver(
  ...handovers: readonly { readonly key: MadeKey; readonly by: () => Promise<Member> }[]
): Promise<(string | undefined)[]> {
  const all = handovers.map(({ key, by }) => custody.record({ key: checkKey(key), requireCaller: by }));
  const settled = await Promise.allSettled(all);
  return settled.map((one) => (one.status === 'fulfilled' ? undefined : codeOf(one.reason)));
}

test('keys of many devices of one turn share a work, and each is told of in the audit log as its own', async () => {
  const devices = Array.from({ length: 100 }, () => randomUUID());
  const before = { raised, head: (await server.store.reader.auditHead()).seq };
  const outcomes = await handOver(...devices.map((id) => ({ key: keyOf(id), by: member(id) })));
  assert.deepEqual(
    outcomes,
    devices.map(() => undefined),
  );
  assert.equal(raised - before.raised, 1, 'they were one work');
  const lines = await server.store.reader.auditAfter(before.head, 1000);
  assert.deepEqual(
    lines.map(({ event }) => (JSON.parse(event) as { by: string }).by),
    devices.map((id) => `device:${id}`),
  );
  assert.equal(lines.filter(({ mac }) => mac.length > 0).length, 1, 'one MAC seals them');
  for (const id of devices) assert.equal((await server.store.reader.receiptTotals(id)).count, 1);
});

test('a device that was removed meanwhile is refused alone', async () => {
  const [one, gone, other] = [randomUUID(), randomUUID(), randomUUID()];
  const keys = [keyOf(one), keyOf(gone), keyOf(other)] as const;
  const outcomes = await handOver(
    { key: keys[0], by: member(one) },
    { key: keys[1], by: removed },
    { key: keys[2], by: member(other) },
  );
  assert.deepEqual(outcomes, [undefined, 'not-a-member', undefined]);
  assert.deepEqual(await Promise.all(keys.map(({ key }) => server.has(key.id))), [true, false, true]);
});

test('a key handed over twice at once is one key with one receipt, and both are told that it is safe', async () => {
  const device = randomUUID();
  const key = keyOf(device);
  const outcomes = await handOver({ key, by: member(device) }, { key, by: member(device) });
  assert.deepEqual(outcomes, [undefined, undefined]);
  assert.equal((await server.store.reader.receiptTotals(device)).count, 1);
  assert.equal((await server.call('listKeys', { find: key.key.id })).keys.length, 1);
});

test('more keys than one work carries are all recorded, in works that each stop others for a moment only', async () => {
  const device = randomUUID();
  const { store, clock, repository } = server;
  let works = 0;
  const write: typeof store.write = (work, options) => {
    works += 1;
    return store.write(work, options);
  };
  const ports = {
    clock,
    keysRecorded: new Signal(),
    wanted: NOTHING_WANTED,
    ...repository,
    store: { ...store, write },
  };
  const desk = new DeviceCustody(ports);
  const handovers = Array.from({ length: 700 }, () =>
    desk.record({ key: checkKey(keyOf(device)), requireCaller: member(device) }),
  );
  await Promise.all(handovers);
  assert.equal((await store.reader.receiptTotals(device)).count, 700);
  assert.equal(works, 3, 'of 256 keys each');
});

test('after a work that failed the next handover is a work of its own', async () => {
  const { store, clock, repository } = server;
  let failing = true;
  const flaky: typeof store = {
    ...store,
    write: (work, options) => (failing ? Promise.reject(new Error('the disk')) : store.write(work, options)),
  };
  const desk = new DeviceCustody({
    clock,
    keysRecorded: new Signal(),
    wanted: NOTHING_WANTED,
    ...repository,
    store: flaky,
  });
  const device = randomUUID();
  const handover = { key: checkKey(keyOf(device)), requireCaller: member(device) };
  await assert.rejects(desk.record(handover), /the disk/);
  failing = false;
  await desk.record(handover);
});
