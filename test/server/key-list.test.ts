/** Any filter, order and size of page lists exactly the keys that fit, once and in order, while keys are being added. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { KEY_KINDS } from '#domain/key-kind.ts';
import { type Caller, LOCAL_ADMINISTRATOR, read, requireRights } from '#domain/right.ts';
import { writeMember } from '#server/members/members.ts';
import { listKeys } from '#server/keys/list-keys.ts';
import { KEY_STATES } from '#domain/key-state.ts';
import { PEOPLE_ROUTES, type PeopleRequest } from '#protocol/people/people-routes.ts';
import { DEVICE_A, DEVICE_B, DEVICE_C, keyAfter, type KeyTexts } from '#test/store/stored-rows.ts';
import { someDevice } from '#test/support/some-member.ts';
import { openServer } from '#test/support/server-in-process.ts';

type Filter = Omit<PeopleRequest<'listKeys'>, 'after' | 'limit'>;

/** More than one search looks at. */
const KEYS = 15_000;
const FIRST_MS = 1_735_689_600_000;
const ACKNOWLEDGED = 9000;
const TRANSMITTED = 14_000;
const REFUSED = [1, 2, 3, 700, 702, 8999, 9000, 9001, 13_500, 14_000, 14_001, 14_950];

const HOSTILE = [
  '%',
  '_',
  '\\',
  '\\"',
  "'); DROP TABLE keys; --",
  '"kind":"file"',
  '\\"kind\\":\\"file\\"',
  'nul\u0000in it',
  'line\nbreak\t',
  '漢'.repeat(255),
  'é%'.repeat(127),
  '🔑'.repeat(127),
  'İstanbul',
  'ſtraße K',
  '../../etc',
  '<b>&amp;',
];
const PLAIN = ['laptop-1', 'LAPTOP-22', 'Büro', 'kiosk'];

/** Most keys alike, some of them with everything that can be sought. */
function textsOf(n: number): KeyTexts {
  const hostile = HOSTILE[Math.floor(n / 97) % HOSTILE.length]!;
  return {
    deviceId: n % 101 === 0 ? DEVICE_B : n % 3 === 0 ? DEVICE_C : DEVICE_A,
    deviceName: n % 97 === 0 ? hostile : PLAIN[n % PLAIN.length]!,
    locator: n % 89 === 0 ? { label: HOSTILE[n % HOSTILE.length]!, serial: `S/N ${n}` } : {},
    kind: n % 500 === 7 ? 'file' : n % 5 === 0 ? 'recovery' : 'volume',
    // Clocks are set back, and staged keys were recorded before others.
    recordedAt: FIRST_MS + n + (n % 11 === 0 ? -3000 : 0),
  };
}

const owner = requireRights(LOCAL_ADMINISTRATOR, []);
/** Whoever may see the keys of these groups alone. */
function limitedTo(...groups: readonly string[]): Caller {
  const right = { ...read('Key register'), groups: new Set(groups) };
  return requireRights({ ...LOCAL_ADMINISTRATOR, rights: [right] }, [], 'somewhere');
}
const SCOPES: readonly (readonly [Caller, readonly string[]])[] = [
  [owner, [DEVICE_A, DEVICE_B, DEVICE_C]],
  [limitedTo('few'), [DEVICE_B]],
  [limitedTo('many'), [DEVICE_A, DEVICE_C]],
  [limitedTo('few', 'many'), [DEVICE_A, DEVICE_B, DEVICE_C]],
  [limitedTo('none'), []],
];
const server = await openServer('Oslo', { heartbeats: false });
const rows = await (async () => {
  const all: ReturnType<typeof keyAfter>[] = [];
  return {
    all,
    add: (count: number) =>
      server.store.write(async (transaction) => {
        let head = await transaction.head();
        for (let at = 0; at < count; at += 1) {
          const row = keyAfter(head, all.length + 1, textsOf(all.length + 1));
          await transaction.appendKeys([row]);
          all.push(row);
          head = row;
        }
      }),
  };
})();
await rows.add(KEYS);
await server.store.write((transaction) =>
  transaction.putRefusedKeys(
    REFUSED.map((seq) => ({
      memberId: '',
      epoch: 'e',
      seq,
      keyId: rows.all[seq - 1]!.id,
      reason: 'r',
      at: 1,
    })),
  ),
);
// In one group so many that each key is looked at, in the other so few that they are sought one by one.
await server.store.write(async (transaction) => {
  const put = (group: string, more = {}): Promise<void> =>
    writeMember(server.repository.rows, transaction, someDevice('PC', { group, ...more }));
  await put('few', { id: DEVICE_B });
  await put('many', { id: DEVICE_A });
  await put('many', { id: DEVICE_C });
  for (let at = 0; at < 1100; at += 1) await put('many');
});
const ports = {
  rows: server.repository.rows,
  store: server.store,
  link: { acknowledgedSeq: ACKNOWLEDGED, transmittedSeq: TRANSMITTED },
};

function stateOf(seq: number): string {
  if (REFUSED.includes(seq)) return 'refused';
  return seq <= ACKNOWLEDGED ? 'acknowledged' : seq <= TRANSMITTED ? 'transmitted' : 'recorded';
}

/** As one would write it over a plain list. */
function plainFilter(filter: Filter, count: number, devices: readonly string[]): number[] {
  const seqs = rows.all.slice(0, count).flatMap(({ id, seq, deviceId, fields, recordedAt }) => {
    const key = JSON.parse(fields) as {
      kind: string;
      device: { name: string };
      locator: Record<string, string>;
    };
    const texts = [id, key.device.name, ...Object.values(key.locator)].map((one) => one.toLowerCase());
    const { device, find, kind, state, notState, recordedSince, recordedUntil } = filter;
    const fits =
      devices.includes(deviceId) &&
      (device === undefined || deviceId === device) &&
      (find === undefined || texts.some((one) => one.includes(find.toLowerCase()))) &&
      (kind === undefined || key.kind === kind) &&
      (state === undefined || stateOf(seq) === state) &&
      stateOf(seq) !== notState &&
      (recordedSince === undefined || recordedAt >= Date.parse(recordedSince)) &&
      (recordedUntil === undefined || recordedAt < Date.parse(recordedUntil));
    return fits ? [seq] : [];
  });
  return filter.order === 'newest' ? seqs.toReversed() : seqs;
}

interface Listed {
  readonly seqs: readonly number[];
  readonly pages: number;
}

async function everyPage(
  filter: Filter,
  limit: number,
  meanwhile: () => Promise<void>,
  caller = owner,
): Promise<Listed> {
  const seqs: number[] = [];
  const { request } = PEOPLE_ROUTES.listKeys;
  let after: string | null | undefined;
  for (let pages = 1; ; pages += 1) {
    const page = await listKeys(
      ports,
      caller,
      request.parse({ ...filter, limit, ...(after === undefined ? {} : { after }) }),
    );
    assert.ok(page.keys.length <= limit);
    assert.deepEqual(page.unreadable, []);
    for (const { seq, state } of page.keys) assert.equal(state, stateOf(seq));
    if (caller === owner) assert.equal(page.of, rows.all.length);
    else
      assert.ok(
        page.of <= Math.max(page.searchedTo ?? 0, ...page.keys.map(({ seq }) => seq)),
        'how many there are is not told',
      );
    assert.equal(page.next === null, page.searchedTo === null);
    seqs.push(...page.keys.map(({ seq }) => seq));
    if (page.next === null) return { seqs, pages };
    after = page.next;
    await meanwhile();
  }
}

const optional = <T>(arbitrary: fc.Arbitrary<T>, freq = 2) => fc.option(arbitrary, { nil: undefined, freq });
const times = fc.integer({ min: -3000, max: KEYS + 100 }).map((at) => new Date(FIRST_MS + at).toISOString());
const someId = fc.integer({ min: 0, max: KEYS - 1 }).map((at) => rows.all[at]!.id);
const filters: fc.Arbitrary<Filter> = fc.record({
  order: optional(fc.constantFrom('oldest', 'newest')),
  device: optional(fc.constantFrom(DEVICE_A, DEVICE_B, DEVICE_C), 3),
  find: optional(
    fc.oneof(
      fc.constantFrom(...HOSTILE, 'laptop', 'BÜRO', 'k', 's/n 8', '', 'nowhere at all'),
      someId,
      someId.map((id) => id.slice(0, 8)),
      someId.map((id) => id.slice(-5).toUpperCase()),
    ),
  ),
  kind: optional(fc.constantFrom(...KEY_KINDS)),
  state: optional(fc.constantFrom(...KEY_STATES), 3),
  notState: optional(fc.constantFrom(...KEY_STATES), 4),
  recordedSince: optional(times, 3),
  recordedUntil: optional(times, 3),
});

test('any combination of filters and pages lists what a plain filter over all keys lists, in order, for whoever is limited too', async () => {
  await fc.assert(
    fc.asyncProperty(
      filters,
      fc.constantFrom(250, 999, 1000),
      fc.constantFrom(...SCOPES),
      async (filter, limit, scope) => {
        const [caller, devices] = scope;
        const before = rows.all.length;
        if (filter.device !== undefined && !devices.includes(filter.device)) {
          const { device } = filter;
          await assert.rejects(
            everyPage({ device }, limit, () => rows.add(1), caller),
            { code: 'not-found' },
          );
          return;
        }
        const { seqs } = await everyPage(filter, limit, () => rows.add(1), caller);
        // Newer keys come before the first page of the newest, and behind the last of the oldest.
        const count = filter.order === 'newest' ? before : rows.all.length;
        assert.deepEqual(seqs, plainFilter(filter, count, devices));
      },
    ),
    { numRuns: 80 },
  );
});

test('hostile text finds exactly itself', async () => {
  for (const find of HOSTILE) {
    const found = plainFilter({ find }, rows.all.length, SCOPES[0]![1]);
    assert.ok(found.length > 0 && found.length < KEYS / 10, find);
    assert.deepEqual((await everyPage({ find }, 1000, async () => {})).seqs, found, find);
  }
  for (const find of ['漢'.repeat(254) + 'x', 'é%'.repeat(126) + 'é_', '%25', '\\%', '__'])
    assert.deepEqual((await everyPage({ find }, 1000, async () => {})).seqs, [], find);
});

test('a search for what is nowhere comes to its end in pages of a bounded size', async () => {
  const { seqs, pages } = await everyPage({ find: 'nowhere at all' }, 1000, async () => {});
  assert.deepEqual(seqs, []);
  assert.ok(pages > 1, 'one page looks at so many keys only');
});

test('a page looks no further than there are keys: one that is recorded then comes on the next', async () => {
  const { request } = PEOPLE_ROUTES.listKeys;
  for (let back = 500; back < KEYS; back += 500) {
    const after = String(rows.all.length - back);
    const page = await listKeys(ports, owner, request.parse({ find: 'nowhere at all', after }));
    assert.ok(page.searchedTo === null || page.searchedTo <= page.of, `${page.searchedTo} of ${page.of}`);
  }
});

test('a page that begins at no number is refused', async () => {
  for (const after of ['x', '-1', '1.5', '99999999999999999'])
    await assert.rejects(server.call('listKeys', { after }), { code: 'invalid-argument' });
});
