/** Bad files: each is refused whole, with a code that says as much as may be said, and leaves nothing behind. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { afterEach, before, test } from 'node:test';
import { armor } from 'age-encryption';
import { makeAgeHeader } from '#crypto/age/make-age-header.ts';
import { encryptPayload } from '#crypto/age/age-payload.ts';
import type { CompleteKey } from '#domain/encryption-key.ts';
import { KeystairError } from '#domain/errors.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { makeSomeKey } from '#test/support/machine-caller.ts';
import { inPieces, type Office, openOffice, random, sealed } from '#test/support/transfer-office.ts';
import { HEADER, inside, recordLine } from './plain-export.ts';

let oslo: Office;
let keys: CompleteKey[];
let records: string[];
/** More than three chunks of 64 KiB. */
let large: Buffer;

before(async () => {
  oslo = await openOffice('Oslo');
  const device = { id: randomUUID(), name: 'laptop' };
  keys = Array.from({ length: 3 }, () => makeSomeKey({ device }));
  records = keys.map(recordLine);
  const many = Array.from({ length: 60 }, () =>
    recordLine(makeSomeKey({ device }, new Uint8Array(4000).fill(1))),
  );
  large = await sealed(inside(many));
});

afterEach(async () => {
  assert.deepEqual(await oslo.ids(), [], 'no key of a bad file was recorded');
  assert.deepEqual(await oslo.store.reader.stagedImports(), [], 'nothing stays staged');
  assert.deepEqual(await oslo.store.reader.rows('import'), []);
});

interface Refusal {
  readonly code: string;
  readonly sentence: string;
}

async function refusal(file: Uint8Array, password?: string): Promise<Refusal> {
  try {
    const report = await oslo.imported(file, password === undefined ? {} : { password });
    assert.fail(`imported: ${JSON.stringify(report)}`);
  } catch (error) {
    if (!(error instanceof KeystairError)) throw error;
    return { code: error.code, sentence: error.sentence };
  }
}

async function refusedInside(text: string): Promise<Refusal> {
  return refusal(await sealed(text));
}

/** The answer to whatever is wrong with the envelope. */
async function unreadable(): Promise<Refusal> {
  const answer = await refusal(large, 'another password that is long');
  assert.equal(answer.code, 'export-unreadable');
  return answer;
}

test('a wrong password, an empty file and what is no age file get one and the same answer', async () => {
  const answer = await unreadable();
  for (const file of [
    '',
    'age-encryption.org/v1',
    'hello',
    '\0'.repeat(100_000),
    'age-encryption.org/v2\n-> x\n',
  ]) {
    assert.deepEqual(await refusal(Buffer.from(file)), answer);
  }
});

test('so does a file cut at every chunk, inside of one, and in its header', async () => {
  const answer = await unreadable();
  const header = large.indexOf('\n---') + 49;
  const chunk = 64 * 1024 + 16;
  const cuts = [1, 21, 30, header - 30, header, header + 8, header + 16, header + 17, large.length - 1];
  for (let at = header + 16 + chunk; at < large.length; at += chunk) cuts.push(at, at - 1, at + 1, at + 1000);
  assert.ok(cuts.length > 15);
  for (const at of cuts) assert.deepEqual(await refusal(large.subarray(0, at)), answer, `cut at ${at}`);
});

test('so does one flipped bit, in every region of the file', async () => {
  const answer = await unreadable();
  const header = large.indexOf('\n---') + 49;
  const places = [
    ...Array.from({ length: header }, (_, at) => at),
    header,
    header + 15,
    header + 16,
    header + 70_000,
    large.length - 17,
    large.length - 1,
  ];
  for (const at of places) {
    const flipped = Buffer.from(large);
    // A bit that never makes a greater work factor out of ours, which would cost seconds.
    flipped[at]! ^= 0x40;
    assert.deepEqual(await refusal(flipped), answer, `bit flipped in byte ${at}`);
  }
});

test('so does armor that is bent anywhere, cut off, or followed by anything', async () => {
  const answer = await unreadable();
  const whole = armor.encode(large);
  const bent = [
    ...Array.from({ length: 40 }, (_, at) => at * 5003).map(
      (at) => `${whole.slice(0, at)}${whole[at] === '\n' ? '' : '.'}${whole.slice(at + 1)}`,
    ),
    whole.slice(0, -5),
    whole.slice(0, whole.lastIndexOf('-----END')),
    whole.replace('\n-----END', '\n\n-----END'),
    `${whole}${whole}`,
    `${whole}x`,
    `x${whole}`,
    whole.toLowerCase(),
  ];
  for (const one of bent) assert.deepEqual(await refusal(Buffer.from(one)), answer, one.slice(0, 80));
});

test('so does something behind the end', async () => {
  assert.deepEqual(await refusal(Buffer.concat([large, Buffer.from('x')])), await unreadable());
});

test('a work factor of 30 costs neither time nor memory', async () => {
  const answer = await unreadable();
  const before = process.memoryUsage().rss;
  for (const workFactor of ['30', '21', '63', '99', '0', '018', '4 ']) {
    const { header, fileKey } = await makeAgeHeader([], () => [
      { args: ['scrypt', 'A'.repeat(22), workFactor.trim()], body: new Uint8Array(32) },
    ]);
    const blocks: Uint8Array[] = [header];
    for await (const block of encryptPayload(fileKey, random(16), inPieces(Buffer.from('x'))))
      blocks.push(block);
    assert.deepEqual(await refusal(Buffer.concat(blocks)), answer, workFactor);
  }
  assert.ok(process.memoryUsage().rss - before < 256 * 1024 * 1024);
});

test('a passphrase stanza beside another one is refused as the format demands', async () => {
  const { recipient } = (await oslo.ports.identities.all())[1]!;
  const { header } = await makeAgeHeader([recipient], () => [
    { args: ['scrypt', 'A'.repeat(22), '4'], body: new Uint8Array(32) },
  ]);
  assert.deepEqual(await refusal(Buffer.concat([header, random(64)])), await unreadable());
});

test('a file sealed to this server is judged the same way', async () => {
  const { recipient } = (await oslo.ports.identities.all())[1]!;
  const file = await sealed(inside(records), { kind: 'recipient', recipient });
  const answer = await unreadable();
  assert.deepEqual(await refusal(file.subarray(0, -1)), answer);
  for (const at of [30, 60, 100, file.length - 1]) {
    const flipped = Buffer.from(file);
    flipped[at]! ^= 0x40;
    assert.deepEqual(await refusal(flipped), answer, `bit flipped in byte ${at}`);
  }
});

test('an age file with something else in it is told apart from one that does not open', async () => {
  for (const text of [
    'hello\n',
    '',
    '\n',
    '{}\n',
    '[]\n',
    'null\n',
    '{"format":"other","version":1}\n',
    'x'.repeat(70_000),
  ]) {
    const { code } = await refusedInside(text);
    assert.equal(code, 'export-invalid', JSON.stringify(text.slice(0, 40)));
  }
});

test('a file of a future version says which version is needed', async () => {
  const { code, sentence } = await refusedInside(inside(records, { header: { ...HEADER, version: 7 } }));
  assert.equal(code, 'export-version');
  assert.match(sentence, REFUSED['export-invalid'].otherVersion);
});

test('a header that does not say who, when and what is refused', async () => {
  for (const fault of [
    { server: undefined },
    { server: { id: 'x', name: 'y' } },
    { createdAt: 'soon' },
    { selection: 3 },
  ]) {
    const { code, sentence } = await refusedInside(inside(records, { header: { ...HEADER, ...fault } }));
    assert.equal(code, 'export-invalid');
    assert.match(sentence, REFUSED['export-invalid'].header);
  }
});

test('a record over the limit is refused, however long it goes on', async () => {
  const long = `{"key":{"id":"${'x'.repeat(65_536)}"}}`;
  const { code, sentence } = await refusedInside(inside([records[0]!, long]));
  assert.equal(code, 'export-invalid');
  assert.match(sentence, REFUSED['export-invalid'].lineTooLong);
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`${JSON.stringify(HEADER)}\n`);
    for (let n = 0; n < 200; n += 1) yield Buffer.alloc(64 * 1024, 'x');
  }
  assert.equal((await refusal(await sealed(endless()))).code, 'export-invalid');
});

test('a record whose id does not fit its content is refused, and the sentence holds no material', async () => {
  const { key, blind } = keys[0]!;
  const other = { key, material: KeyMaterial.fromText('SECRET-MATERIAL'), blind };
  const { code, sentence } = await refusedInside(inside([records[1]!, recordLine(other)]));
  assert.equal(code, 'export-invalid');
  assert.match(sentence, REFUSED['export-invalid'].idDoesNotFit);
  assert.doesNotMatch(sentence, /SECRET|U0VDUkVU/);
});

test('a line that is no JSON is refused without being quoted', async () => {
  const { code, sentence } = await refusedInside(inside([records[0]!, 'SECRET-MATERIAL']));
  assert.equal(code, 'export-invalid');
  assert.match(sentence, REFUSED['export-invalid'].lineThree);
  assert.doesNotMatch(sentence, /SECRET/);
});

test('an id that stands in the file twice makes it invalid, on one page or on two', async () => {
  for (const between of [0, 700]) {
    const more = Array.from({ length: between }, () => recordLine(makeSomeKey()));
    const { code, sentence } = await refusedInside(inside([records[0]!, ...more, records[0]!]));
    assert.equal(code, 'export-invalid');
    assert.match(sentence, REFUSED['export-invalid'].twice(keys[0]!.key.id));
  }
});

test('a trailer that is missing, wrong, or not the last is refused', async () => {
  const whole = inside(records);
  const noTrailer = whole.slice(0, whole.lastIndexOf('{"end"'));
  const digest = (JSON.parse(whole.slice(noTrailer.length)) as { end: { digest: string } }).end.digest;
  for (const [text, says] of [
    [noTrailer, REFUSED['export-invalid'].noTrailer],
    [
      `${noTrailer}${JSON.stringify({ end: { count: 2, digest } })}\n`,
      REFUSED['export-invalid'].trailerCountsOther,
    ],
    [
      `${noTrailer}${JSON.stringify({ end: { count: 3, digest: digest.replace(/./, (c) => (c === '0' ? '1' : '0')) } })}\n`,
      REFUSED['export-invalid'].digest,
    ],
    [`${noTrailer}{"end":{}}\n`, REFUSED['export-invalid'].trailerTooEarly],
    [`${whole}${records[0]!}\n`, REFUSED['export-invalid'].afterTheTrailer],
    [`${whole}\n`, REFUSED['export-invalid'].afterTheTrailer],
    [whole.replace(records[0]!, records[0]!.replace('{"key"', '{ "key"')), REFUSED['export-invalid'].digest],
    [
      [JSON.stringify(HEADER), records[1], records[0], records[2], whole.slice(noTrailer.length)].join('\n'),
      REFUSED['export-invalid'].digest,
    ],
  ] as const) {
    const { code, sentence } = await refusedInside(text);
    assert.equal(code, 'export-invalid');
    assert.match(sentence, says);
  }
});

test('whoever goes away while the file is read leaves nothing', async () => {
  const gone = new AbortController();
  async function* leaving(): AsyncGenerator<Uint8Array> {
    yield* inPieces(large.subarray(0, 200_000));
    gone.abort();
    yield* inPieces(large.subarray(200_000));
  }
  await assert.rejects(oslo.imported(leaving(), {}, undefined, gone.signal), { code: 'interrupted' });
});

test('line ends that were changed show in its first line to anybody, and are called that', async () => {
  const text = large.toString('latin1');
  for (const other of [text.replaceAll('\n', '\r\n'), `\xef\xbb\xbf${text}`]) {
    for (const password of ['another password that is long', undefined]) {
      const { code, sentence } = await refusal(Buffer.from(other, 'latin1'), password);
      assert.equal(code, 'file-damaged');
      assert.match(sentence, REFUSED['file-damaged'].lineEndings);
    }
  }
});
