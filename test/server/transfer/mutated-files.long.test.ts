/**
 * Changed export files, by the thousand, imported in earnest: no input crashes an import, imports a part of what it
 * says, is refused by halves, or takes memory as it likes. In each region of the age file, and inside of whole ones.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as fc from 'fast-check';
import { codeOf } from '#domain/errors.ts';
import { inputsLike } from '#test/hostile/parsers/mutation.ts';
import { makeSomeKey } from '#test/support/machine-caller.ts';
import { type Office, openOffice, sealed } from '#test/support/transfer-office.ts';
import { HEADER, inside, recordLine } from './plain-export.ts';

const RUNS = 800;
const CHUNK_BYTES = 64 * 1024 + 16;
const NONCE_BYTES = 16;
const RECORDS = 40;
/** Of this process, over all changed files of a test: some megabytes each, if one left anything behind. */
const GROWTH_BYTES_MAX = 200 * 1024 * 1024;

let oslo: Office;
let ids: readonly string[];
let records: readonly string[];
/** Three chunks. */
let file: Buffer;

before(async () => {
  oslo = await openOffice('Oslo');
  const keys = Array.from({ length: RECORDS }, () => makeSomeKey({}, new Uint8Array(3000).fill(7)));
  ids = keys.map(({ key }) => key.id).toSorted();
  records = keys.map(recordLine);
  file = await sealed(inside(records));
});

/** Imports in earnest. Whatever comes of it, the office is empty afterwards, or all that the file says is there. */
async function imported(bytes: Uint8Array): Promise<string> {
  const outcome = await oslo.imported(bytes).then((report) => report, codeOf);
  assert.deepEqual(await oslo.store.reader.stagedImports(), []);
  assert.deepEqual(await oslo.store.reader.rows('import'), []);
  const there = await oslo.ids();
  if (typeof outcome === 'string') {
    assert.match(outcome, /^export-(?:unreadable|invalid|version)$/);
    assert.deepEqual(there, [], 'nothing of a refused file is there');
    return outcome;
  }
  assert.equal(outcome.new, there.length);
  for (const id of there) assert.ok(ids.includes(id), 'no key is there that was not in the file');
  await oslo.close();
  oslo = await openOffice('Oslo');
  return `${outcome.new} imported`;
}

async function holds(what: fc.Arbitrary<Uint8Array>, look: (bytes: Uint8Array) => Promise<unknown>) {
  const least = process.memoryUsage().rss;
  await fc.assert(
    fc.asyncProperty(what, async (bytes) => void (await look(bytes))),
    { numRuns: RUNS },
  );
  const growth = process.memoryUsage().rss - least;
  assert.ok(growth < GROWTH_BYTES_MAX, `grew by ${Math.round(growth / 1024 / 1024)} MiB`);
}

/** Where each region of the file begins and ends. */
function regionsOf(bytes: Buffer): readonly (readonly [name: string, from: number, to: number])[] {
  const stanza = bytes.indexOf('\n') + 1;
  const wrappedKey = bytes.indexOf('\n', stanza) + 1;
  const mac = bytes.indexOf('\n---', wrappedKey) + 1;
  const nonce = bytes.indexOf('\n', mac) + 1;
  const payload = nonce + NONCE_BYTES;
  assert.equal(Math.ceil((bytes.length - payload) / CHUNK_BYTES), 3);
  return [
    ['version', 0, stanza],
    ['stanza', stanza, wrappedKey],
    ['wrapped key', wrappedKey, mac],
    ['MAC', mac, nonce],
    ['nonce', nonce, payload],
    ['first chunk', payload, payload + CHUNK_BYTES],
    ['second chunk', payload + CHUNK_BYTES, payload + 2 * CHUNK_BYTES],
    ['last chunk', payload + 2 * CHUNK_BYTES, bytes.length],
    ['last tag', bytes.length - 16, bytes.length],
  ];
}

const KINDS = ['flip', 'cut', 'insert', 'repeat', 'remove'] as const;
const change = fc.record({
  place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  kind: fc.constantFrom(...KINDS),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 200 }),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function changedAt(bytes: Buffer, place: number, { kind, bytes: more }: Change): Buffer {
  const [front, back] = [bytes.subarray(0, place), bytes.subarray(place)];
  switch (kind) {
    case 'flip': {
      const flipped = Buffer.from(bytes);
      if (place < flipped.length) flipped[place]! ^= 1 << (more[0]! % 8);
      return flipped;
    }
    case 'cut':
      return Buffer.from(front);
    case 'insert':
      return Buffer.concat([front, more, back]);
    case 'repeat':
      return Buffer.concat([front, back, back]);
    case 'remove':
      return Buffer.concat([front, back.subarray(more.length)]);
  }
}

/** A greater work factor that is still accepted costs seconds and proves nothing new. */
function isDear(bytes: Buffer): boolean {
  return /scrypt \S+ (?:1\d|20)\n/.test(bytes.toString('latin1', 0, 200));
}

for (const region of [0, 1, 2, 3, 4, 5, 6, 7, 8]) {
  test(`a file that was changed in its region ${region + 1} of 9 gets the one answer`, {
    timeout: 100_000,
  }, async () => {
    const [name, from, to] = regionsOf(file)[region]!;
    const changes = fc.array(change, { minLength: 1, maxLength: 3 });
    const changedFile = changes.map((all) =>
      all.reduce((bytes, one) => changedAt(bytes, from + Math.floor((to - from) * one.place), one), file),
    );
    await fc.assert(
      fc.asyncProperty(changedFile, async (bytes) => {
        if (bytes.equals(file) || isDear(bytes)) return;
        assert.equal(await imported(bytes), 'export-unreadable', name);
      }),
      { numRuns: RUNS / 8 },
    );
  });
}

test('whole chunks that were moved, repeated or left out get the one answer', async () => {
  const regions = regionsOf(file);
  const front = file.subarray(0, regions[5]![1]);
  const chunks = [5, 6, 7].map((at) => file.subarray(regions[at]![1], regions[at]![2]));
  const order = fc.array(fc.nat({ max: 2 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(order, async (places) => {
      if (places.join() === '0,1,2') return;
      const bytes = Buffer.concat([front, ...places.map((at) => chunks[at]!)]);
      assert.equal(await imported(bytes), 'export-unreadable');
    }),
    { numRuns: RUNS / 8 },
  );
});

test('inside a whole age file, lines changed anyhow under a trailer that fits are refused, or are what they say', {
  timeout: 120_000,
}, async () => {
  const lines = [JSON.stringify(HEADER), ...records.slice(0, 3)].map((line) => Buffer.from(line));
  const bad = fc.record({ line: inputsLike(lines), place: fc.nat({ max: 3 }) });
  const outcomes = new Map<string, number>();
  const seal = bad.map(({ line, place }) => {
    const all = lines.map((one) => one.toString('utf8'));
    all[place] = line.toString('utf8');
    return Buffer.from(inside(all.slice(1), { line: all[0]! }));
  });
  await holds(seal, async (text) => {
    const outcome = await imported(await sealed(text));
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  });
  assert.ok((outcomes.get('export-invalid') ?? 0) > RUNS / 2, 'most were no export inside');
});

test('inside a whole age file, bytes changed anyhow under its own trailer are refused, or changed nothing', {
  timeout: 120_000,
}, async () => {
  const whole = Buffer.from(inside(records.slice(0, 3)));
  await holds(inputsLike([whole]), async (text) => {
    const outcome = await imported(await sealed(text));
    // A space in the trailer changes nothing, and then all of it must come.
    if (outcome.endsWith('imported')) assert.equal(outcome, '3 imported');
  });
});

test('inside a whole age file, lines that were moved, repeated or left out are refused', async () => {
  const lines = inside(records.slice(0, 3)).trimEnd().split('\n');
  const order = fc.oneof(
    fc.shuffledSubarray([0, 1, 2, 3, 4]),
    fc.array(fc.nat({ max: 3 }), { maxLength: 5 }).map((places) => [0, ...places, 4]),
  );
  await fc.assert(
    fc.asyncProperty(order, async (places) => {
      if (places.join() === '0,1,2,3,4') return;
      const text = places.map((at) => `${lines[at]!}\n`).join('');
      assert.equal(await imported(await sealed(text)), 'export-invalid');
    }),
    { numRuns: RUNS / 4 },
  );
});

test('what never ends is ended, whichever region it stands in', async () => {
  const endless = async function* (front: Uint8Array, more: Uint8Array): AsyncGenerator<Uint8Array> {
    yield front;
    for (let given = 0; given < 4096; given += 1) yield more;
    assert.fail('all of 256 MiB was read');
  };
  const regions = regionsOf(file);
  const begun = (at: number): Uint8Array => file.subarray(0, regions[at]![1]);
  const filling = Buffer.alloc(64 * 1024, 'x');
  const stanzas = Buffer.from('-> x\n\n'.repeat(10_000));
  for (const [front, more] of [
    [begun(0), filling],
    [Buffer.alloc(0), stanzas],
    [begun(1), stanzas],
    [begun(2), filling],
    [begun(3), filling],
    [begun(5), filling],
  ] as const) {
    await assert.rejects(oslo.imported(endless(front, more)), { code: 'export-unreadable' });
  }
});
