/** XAES-256-GCM against the vectors of its specification, c2sp.org/XAES-256-GCM, and against its promises. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { XaesKey } from '#crypto/xaes-256-gcm.ts';

const NONCE = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWX');
const PLAINTEXT = Buffer.from('XAES-256-GCM');

/** Section "Test vectors". The first has a doubling without carry, the second one with it. */
const VECTORS = [
  { key: 1, associated: '', sealed: 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271' },
  {
    key: 3,
    associated: 'c2sp.org/XAES-256-GCM',
    sealed: '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d',
  },
];

/** Section "Accumulated randomized tests". */
const ACCUMULATED: Readonly<Record<number, string>> = {
  10_000: 'e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939',
  1_000_000: '2163ae1445985a30b60585ee67daa55674df06901b890593e824b8a7c885ab15',
};

void test('the two vectors of the specification seal and open', () => {
  for (const vector of VECTORS) {
    const key = new XaesKey(new Uint8Array(32).fill(vector.key));
    const associated = Buffer.from(vector.associated);
    assert.equal(Buffer.from(key.seal(NONCE, PLAINTEXT, associated)).toString('hex'), vector.sealed);
    assert.deepEqual(Buffer.from(key.open(NONCE, Buffer.from(vector.sealed, 'hex'), associated)!), PLAINTEXT);
  }
});

// XAES_ITERATIONS=1000000 runs the long one.
const iterations = Number(process.env['XAES_ITERATIONS'] ?? 10_000);

void test(`the accumulated randomized test of ${iterations} iterations gives the specification's hash`, () => {
  const expected = ACCUMULATED[iterations];
  assert.ok(expected !== undefined, 'the specification gives a hash for 10000 and for 1000000 iterations');
  // 568 bytes are the most that one iteration reads. One call, because Node's SHAKE cannot be squeezed twice.
  const stream = createHash('shake128', { outputLength: iterations * 568 }).digest();
  const sealedSoFar = createHash('shake128', { outputLength: 32 });
  let at = 0;
  const take = (bytes: number): Buffer => stream.subarray(at, (at += bytes));
  const takeOpaque = (): Buffer => take(take(1)[0]!);
  for (let round = 0; round < iterations; round += 1) {
    const key = new XaesKey(take(32));
    const nonce = take(24);
    const plaintext = takeOpaque();
    const associated = takeOpaque();
    const sealed = key.seal(nonce, plaintext, associated);
    sealedSoFar.update(sealed);
    const opened = key.open(nonce, sealed, associated);
    if (opened === undefined || !plaintext.equals(opened)) assert.fail(`iteration ${round} does not open`);
  }
  assert.equal(sealedSoFar.digest('hex'), expected);
});

void test('one key seals and opens whatever it is given, in any order of calls', () => {
  const key = new XaesKey(new Uint8Array(32).fill(7));
  const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
  const record = fc.tuple(bytes(24), fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }));
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 8 }), (records) => {
      const sealed = records.map(([nonce, plaintext, associated]) => key.seal(nonce, plaintext, associated));
      for (const [at, [nonce, plaintext, associated]] of records.entries()) {
        assert.deepEqual(Buffer.from(key.open(nonce, sealed[at]!, associated)!), Buffer.from(plaintext));
      }
    }),
  );
});

void test('another key, nonce or associated data, and anything shorter than a tag, does not open', () => {
  const key = new XaesKey(new Uint8Array(32).fill(7));
  const associated = Buffer.from('row 1');
  const sealed = key.seal(NONCE, PLAINTEXT, associated);
  assert.equal(new XaesKey(new Uint8Array(32).fill(8)).open(NONCE, sealed, associated), undefined);
  for (let at = 0; at < NONCE.length; at += 1) {
    const other = Buffer.from(NONCE);
    other[at]! ^= 1;
    assert.equal(key.open(other, sealed, associated), undefined, `nonce byte ${at}`);
  }
  assert.equal(key.open(NONCE, sealed, Buffer.from('row 2')), undefined);
  for (let size = 0; size < sealed.length; size += 1) {
    assert.equal(key.open(NONCE, sealed.subarray(0, size), associated), undefined, `${size} bytes`);
  }
});

void test('a key or a nonce of another size is a defect of ours, not a weaker record', () => {
  assert.throws(() => new XaesKey(new Uint8Array(16)), /32 bytes/);
  const key = new XaesKey(new Uint8Array(32));
  assert.throws(() => key.seal(new Uint8Array(12), PLAINTEXT, PLAINTEXT), /24 bytes/);
  assert.throws(() => key.open(new Uint8Array(12), new Uint8Array(40), PLAINTEXT), /24 bytes/);
});

void test('the key keeps no hold on the bytes it was made from, and prints as redacted', () => {
  const bytes = new Uint8Array(32).fill(1);
  const key = new XaesKey(bytes);
  bytes.fill(0);
  assert.equal(Buffer.from(key.seal(NONCE, PLAINTEXT, Buffer.alloc(0))).toString('hex'), VECTORS[0]!.sealed);
  for (const printed of [
    String(key),
    JSON.stringify({ key }),
    inspect({ key }, { showHidden: true, depth: 9 }),
  ]) {
    assert.match(printed, /\[redacted\]/);
    assert.doesNotMatch(printed, /Cipher|Uint8Array/);
  }
  assert.equal(Object.prototype.toString.call(key), '[object [redacted]]');
});
