/** Any filter, order and size of page lists exactly the devices that fit, once and in order, as their own rows say. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { before, test } from 'node:test';
import * as fc from 'fast-check';
import { DEVICE_ORDERS } from '#domain/list-order.ts';
import { DEVICE_STATES, type Member } from '#domain/member.ts';
import { sortName } from '#domain/name-order.ts';
import type { PeopleRequest } from '#protocol/people/people-routes.ts';
import { putGroup } from '#server/groups/group-rows.ts';
import { writeMember } from '#server/members/members.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';
import { someDevice } from '#test/support/some-member.ts';

type Filter = Omit<PeopleRequest<'listDevices'>, 'after' | 'limit'>;

/** More than one bite of a search looks at. */
const DEVICES = 4300;
const FIRST_MS = 1_735_689_600_000;
const NAMES = ['%', '_', '\\', '"', "'; --", '漢'.repeat(255), '\u0301', 'Ålesund', 'FInanz', 'ſtraße', '🔑'];
/** One in another, one with many devices, and one with few. */
const GROUPS = [
  { id: 'many', name: 'Many', above: 'root' },
  { id: 'inside', name: 'Inside', above: 'many' },
  { id: 'few', name: 'Few', above: 'root' },
  { id: 'empty', name: 'Empty', above: 'few' },
];
const IN_GROUP: Readonly<Record<string, readonly string[]>> = {
  root: ['root', 'many', 'inside', 'few', 'empty', 'gone'],
  Many: ['many', 'inside'],
  inside: ['inside'],
  Few: ['few', 'empty'],
  Empty: ['empty'],
};
const movedTo = { id: '0192f0aa-0000-4000-8000-00000000000a', name: 'Lyon' };

function deviceOf(n: number): Member {
  const name = n % 71 === 0 ? NAMES[Math.floor(n / 71) % NAMES.length]! : `Laptop ${n % 500}`;
  const group =
    n % 2 === 0
      ? 'many'
      : n % 7 === 0
        ? 'inside'
        : n % 999 === 1
          ? 'few'
          : n % 1001 === 3
            ? 'gone'
            : undefined;
  if (n % 97 === 0) return someDevice(name, { state: 'moved', movedTo, group });
  if (n % 101 === 0) return someDevice(name, { state: 'arriving', group });
  return someDevice(name, { group, removedAt: n % 50 === 0 ? '2026-02-01T00:00:00.000Z' : null });
}

/** Some never, and some at the same moment. */
function heardAt(n: number): number | null {
  return n % 13 === 0 ? null : FIRST_MS + Math.floor((n * 7919) % DEVICES) * 500;
}

interface Placed {
  readonly member: Member;
  readonly heard: number | null;
}

const all: Placed[] = [];
let server: ServerInProcess;
let database: DatabaseSync;

async function add(count: number): Promise<void> {
  const added = Array.from({ length: count }, (_, at) => {
    const n = all.length + at;
    return { member: deviceOf(n), heard: heardAt(n) };
  });
  await server.store.write(async (transaction) => {
    for (const [at, { member, heard }] of added.entries()) {
      const contact = { id: member.id, lastHeartbeatAt: heard, body: '{}' };
      // A heartbeat may be the first that is heard of a row, after a restore.
      if (heard !== null && at % 2 === 0) await transaction.putContact(contact);
      await writeMember(server.repository.rows, transaction, member);
      if (heard !== null && at % 2 === 1) await transaction.putContact(contact);
    }
  });
  all.push(...added);
}

before(async () => {
  const directory = mkdtempSync(join(tmpdir(), 'keystair-devices-'));
  atTheEnd(() => rmSync(directory, { recursive: true }));
  server = await openServer('Oslo', { directory, heartbeats: false });
  database = new DatabaseSync(join(directory, 'keystair.db'), { timeout: 5000 });
  atTheEnd(() => database.close());
  await add(DEVICES);
  const lyon = someDevice('Laptop branch', { kind: 'secondary' });
  await server.store.write(async (transaction) => {
    for (const group of GROUPS) await putGroup(server.repository.rows, transaction, group);
    await writeMember(server.repository.rows, transaction, lyon);
    await transaction.putContact({ id: lyon.id, lastHeartbeatAt: FIRST_MS, body: '{}' });
  });
});

function bytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/** As one would write it over a plain list. */
function plainFilter({ order = 'a-z', ...filter }: Filter): string[] {
  const { find, group, state, notState, silentSince, heardSince } = filter;
  const fitting = all.filter(
    ({ member: { id, name, removedAt, state: its, group: place = 'root' }, heard }) => {
      const folded = sortName(find ?? '');
      const named = folded === '' ? name.includes(find ?? '') : sortName(name).includes(folded);
      return (
        removedAt === null &&
        (group === undefined || IN_GROUP[group]!.includes(place)) &&
        (find === undefined || named || id.includes(find.toLowerCase())) &&
        (state === undefined || its === state) &&
        its !== notState &&
        (silentSince === undefined || heard === null || heard < Date.parse(silentSince)) &&
        (heardSince === undefined || (heard !== null && heard >= Date.parse(heardSince)))
      );
    },
  );
  const byId = (one: Placed, other: Placed): number => bytes(one.member.id, other.member.id);
  const byName = (one: Placed, other: Placed): number =>
    bytes(sortName(one.member.name), sortName(other.member.name)) || byId(one, other);
  const bySilence = (one: Placed, other: Placed): number =>
    (one.heard ?? -1) - (other.heard ?? -1) || byId(one, other);
  const sorted = fitting.toSorted(order === 'a-z' || order === 'z-a' ? byName : bySilence);
  const ids = sorted.map(({ member }) => member.id);
  return order === 'a-z' || order === 'longest-silent' ? ids : ids.toReversed();
}

async function listed(
  filter: Filter,
  limit = 1000,
  meanwhile: () => Promise<void> = async () => {},
): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | undefined; ; ) {
    const behind = after === undefined ? {} : { after };
    const page = await server.call('listDevices', { ...filter, ...behind, limit });
    assert.ok(page.devices.length <= limit);
    ids.push(...page.devices.map(({ id }) => id));
    if (page.next === null) return ids;
    after = page.next;
    await meanwhile();
  }
}

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const times = fc.oneof(
  fc.integer({ min: -10, max: DEVICES * 500 }).map((ms) => new Date(FIRST_MS + ms).toISOString()),
  fc.constant('1969-01-01T00:00:00.000Z'),
);
const filters: fc.Arbitrary<Filter> = fc.record({
  order: optional(fc.constantFrom(...DEVICE_ORDERS)),
  find: optional(
    fc.oneof(
      fc.constantFrom(...NAMES, 'laptop 4', 'ALESUND', 'FINANZ', '', 'nowhere'),
      fc.integer({ min: 0, max: DEVICES - 1 }).map((at) => all[at]!.member.id.slice(0, 8).toUpperCase()),
    ),
  ),
  group: optional(fc.constantFrom(...Object.keys(IN_GROUP))),
  state: optional(fc.constantFrom(...DEVICE_STATES)),
  notState: optional(fc.constantFrom(...DEVICE_STATES)),
  silentSince: optional(times),
  heardSince: optional(times),
});

test('any combination of filters and pages lists what a plain filter over all devices lists, in order', async () => {
  await fc.assert(
    fc.asyncProperty(filters, fc.constantFrom(500, 999), async (filter, limit) => {
      const there = new Set(all.map(({ member }) => member.id));
      const ids = await listed(filter, limit, () => add(1));
      // Whether one that came meanwhile is listed depends on where it came.
      const before = (one: string): boolean => there.has(one);
      assert.equal(new Set(ids).size, ids.length, 'none twice');
      assert.deepEqual(ids.filter(before), plainFilter(filter).filter(before));
    }),
    { numRuns: 60 },
  );
});

test('hostile text finds exactly itself', async () => {
  for (const find of NAMES) {
    const found = plainFilter({ find });
    assert.ok(found.length > 0 && found.length < DEVICES / 10, find);
    assert.deepEqual(await listed({ find }), found, find);
  }
});

test('a heartbeat, a new name, another state and a removal count at once', async () => {
  const device = someDevice('Fresh one');
  const put = (member: Member): Promise<void> =>
    server.store.write((transaction) => writeMember(server.repository.rows, transaction, member));
  const first = async (filter: Filter): Promise<string | undefined> => (await listed(filter))[0];
  await put(device);
  assert.deepEqual(await listed({ find: 'fresh', order: 'longest-silent' }), [device.id], 'never heard');
  const at = FIRST_MS * 2;
  await server.store.write((transaction) =>
    transaction.putContact({ id: device.id, lastHeartbeatAt: at, body: '{}' }),
  );
  assert.equal(await first({ order: 'last-heard' }), device.id);
  await put({ ...device, name: 'Renamed', state: 'moved', movedTo });
  assert.deepEqual(await listed({ find: 'fresh' }), []);
  assert.equal(await first({ state: 'moved', order: 'last-heard' }), device.id, 'its heartbeat stays');
  await server.call('removeDevice', { id: device.id });
  assert.notEqual(await first({ order: 'last-heard' }), device.id);
});

test('a position of another order is refused', async () => {
  const { next } = await server.call('listDevices', { limit: 1 });
  const { next: silent } = await server.call('listDevices', { limit: 1, order: 'longest-silent' });
  for (const [order, after] of [
    ['last-heard', next!],
    ['z-a', silent!],
  ] as const)
    await assert.rejects(server.call('listDevices', { order, after }), { code: 'invalid-argument' });
});

test('whoever writes to the database cannot show a device under a state that its row does not say', async () => {
  const [{ member }] = [
    all.find(({ member: { state, removedAt } }) => state === 'managed' && removedAt === null)!,
  ];
  database.prepare("UPDATE contacts SET device_state = 'moved' WHERE id = ?").run(member.id);
  assert.equal((await listed({ state: 'moved', order: 'longest-silent' })).includes(member.id), false);
  database.prepare("UPDATE trusted_rows SET state = 'moved' WHERE kind = 'member' AND id = ?").run(member.id);
  for (const order of DEVICE_ORDERS)
    assert.equal((await listed({ state: 'moved', order })).includes(member.id), false, order);
  const { problems } = await server.call('verify', {});
  assert.ok(problems.some(({ sentence }) => sentence.includes(`"member ${member.id}"`)));
});
