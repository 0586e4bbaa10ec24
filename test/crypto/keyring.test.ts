/** The keyring: data keys wrapped by the root key, numbered, kept for ever. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { createKeyring, type DataKeyRow, openKeyring, type SealRow } from '#crypto/keyring.ts';
import { type ErrorCode, KeystairError } from '#domain/errors.ts';
import { REFUSED } from '#test/sentences/refused.ts';

const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
const NONCE = new Uint8Array(24).fill(9);
const NOTHING = new Uint8Array(0);

function fails(code: ErrorCode, sentence: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof KeystairError, String(error));
    assert.equal(error.code, code);
    assert.match(error.sentence, sentence);
    assert.ok(error.nextStep !== undefined, 'names the next step');
    return true;
  };
}

function made() {
  const sealKey = random(32);
  return { sealKey, ...createKeyring({ random, sealKey, sealId: 'seal-1', kind: 'key-file' }) };
}

/** Every row that differs from `wrapped` in one bit. */
function* flips(wrapped: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < wrapped.length * 8; bit += 1) {
    const flipped = Uint8Array.from(wrapped);
    flipped[bit >>> 3]! ^= 1 << (bit & 7);
    yield flipped;
  }
}

void test('what was sealed before a restart opens after it', () => {
  const { keyring, seal, dataKeys, sealKey } = made();
  const sealed = keyring.sealingKey(1)!.seal(NONCE, Buffer.from('material'), NOTHING);
  const again = openKeyring({ sealKey, seal, dataKeys });
  assert.equal(again.currentDataKey, 1);
  assert.equal(Buffer.from(again.sealingKey(1)!.open(NONCE, sealed, NOTHING)!).toString(), 'material');
});

void test('the wrong key file is refused with a sentence that says which one is wanted', () => {
  const { seal, dataKeys } = made();
  assert.throws(
    () => openKeyring({ sealKey: random(32), seal, dataKeys }),
    fails('root-key-wrong', REFUSED['root-key-wrong'].putBackTheRightOne),
  );
});

void test('a seal row with any bit flipped, cut short, renamed or of another kind is refused', () => {
  const { seal, dataKeys, sealKey } = made();
  const refused = (altered: SealRow) =>
    assert.throws(
      () => openKeyring({ sealKey, seal: altered, dataKeys }),
      fails('root-key-wrong', /root key/),
    );
  for (const wrapped of flips(seal.wrapped)) refused({ ...seal, wrapped });
  for (let size = 0; size < seal.wrapped.length; size += 1) {
    refused({ ...seal, wrapped: seal.wrapped.subarray(0, size) });
  }
  refused({ ...seal, wrapped: Buffer.concat([seal.wrapped, new Uint8Array(1)]) });
  refused({ ...seal, id: 'seal-2' });
  refused({ ...seal, kind: 'passphrase' });
  // A kind that a later release may know.
  refused({ ...seal, kind: 'cloud' as SealRow['kind'] });
});

void test('a data key row with any bit flipped is refused and named', () => {
  const { seal, dataKeys, sealKey } = made();
  for (const wrapped of flips(dataKeys[0]!.wrapped)) {
    assert.throws(
      () => openKeyring({ sealKey, seal, dataKeys: [{ number: 1, wrapped }] }),
      fails('data-damaged', /data key 1/),
    );
  }
});

void test('data keys cannot be swapped, missing, or of another server', () => {
  const { keyring, seal, dataKeys, sealKey } = made();
  const one = dataKeys[0]!;
  const two = keyring.addDataKey(random);
  keyring.useDataKey(two);
  const three = keyring.addDataKey(random);
  const opening = (rows: readonly DataKeyRow[]) => () => openKeyring({ sealKey, seal, dataKeys: rows });
  const swapped = [
    { number: 1, wrapped: two.wrapped },
    { number: 2, wrapped: one.wrapped },
  ];
  assert.throws(opening(swapped), fails('data-damaged', /data key 1/));
  assert.throws(opening([]), fails('data-damaged', REFUSED['data-damaged'].dataKeyOneMissing));
  assert.throws(opening([two]), fails('data-damaged', REFUSED['data-damaged'].dataKeyOneMissing));
  assert.throws(opening([one, three]), fails('data-damaged', REFUSED['data-damaged'].dataKeyTwoMissing));
  assert.throws(opening(made().dataKeys), fails('data-damaged', REFUSED['data-damaged'].dataKeyOneClosed));
  assert.equal(opening([three, one, two])().currentDataKey, 3, 'in whatever order the rows come');
});

void test('a row with no whole positive number is damage, not a data key', () => {
  const { keyring, dataKeys } = made();
  for (const number of [0, -1, 0.5, 1.5, Number.NaN]) {
    assert.throws(() => keyring.useDataKey({ ...dataKeys[0]!, number }), fails('data-damaged', /data key 2/));
  }
});

void test('a new data key seals nothing until its stored row is taken into use', () => {
  const { keyring } = made();
  const row = keyring.addDataKey(random);
  assert.equal(row.number, 2);
  assert.equal(keyring.currentDataKey, 1);
  assert.equal(keyring.sealingKey(2), undefined);
  keyring.useDataKey(row);
  assert.equal(keyring.currentDataKey, 2);
});

void test('old data keys still open after ten changes, and in another process that is told of them', () => {
  const { keyring, seal, dataKeys, sealKey } = made();
  const other = openKeyring({ sealKey, seal, dataKeys });
  const sealed = [keyring.sealingKey(1)!.seal(NONCE, Buffer.from('under 1'), NOTHING)];
  for (let number = 2; number <= 11; number += 1) {
    const row = keyring.addDataKey(random);
    keyring.useDataKey(row);
    other.useDataKey(row);
    sealed.push(keyring.sealingKey(number)!.seal(NONCE, Buffer.from(`under ${number}`), NOTHING));
  }
  assert.equal(other.currentDataKey, 11);
  for (const [at, blob] of sealed.entries()) {
    assert.equal(
      Buffer.from(other.sealingKey(at + 1)!.open(NONCE, blob, NOTHING)!).toString(),
      `under ${at + 1}`,
    );
    assert.equal(other.sealingKey(at + 2)?.open(NONCE, blob, NOTHING), undefined);
  }
});

void test('a row of a number already in use changes nothing', () => {
  const { keyring } = made();
  const sealed = keyring.sealingKey(1)!.seal(NONCE, Buffer.from('material'), NOTHING);
  keyring.useDataKey(made().dataKeys[0]!);
  assert.equal(keyring.currentDataKey, 1);
  assert.ok(keyring.sealingKey(1)!.open(NONCE, sealed, NOTHING) !== undefined);
});

void test('a second seal opens the same keys and leaves the first as it was', () => {
  const { keyring, seal, dataKeys, sealKey } = made();
  const passphraseKey = random(32);
  const second = keyring.wrapRootKey({ id: 'seal-2', kind: 'passphrase' }, passphraseKey, random);
  assert.deepEqual({ id: second.id, kind: second.kind }, { id: 'seal-2', kind: 'passphrase' });
  const sealed = keyring.sealingKey(1)!.seal(NONCE, Buffer.from('material'), NOTHING);
  for (const opened of [
    openKeyring({ sealKey, seal, dataKeys }),
    openKeyring({ sealKey: passphraseKey, seal: second, dataKeys }),
  ]) {
    assert.ok(opened.sealingKey(1)!.open(NONCE, sealed, NOTHING) !== undefined);
    assert.ok(opened.macKey.equals(keyring.macKey));
  }
  assert.throws(
    () => openKeyring({ sealKey, seal: second, dataKeys }),
    fails('root-key-wrong', /passphrase/),
  );
});

void test('the MAC key stays the same over data key changes and restarts, and is of this server only', () => {
  const { keyring, seal, dataKeys, sealKey } = made();
  const before = keyring.macKey.export();
  const two = keyring.addDataKey(random);
  keyring.useDataKey(two);
  assert.deepEqual(keyring.macKey.export(), before);
  assert.deepEqual(openKeyring({ sealKey, seal, dataKeys: [...dataKeys, two] }).macKey.export(), before);
  assert.notDeepEqual(made().keyring.macKey.export(), before);
});

void test('rows never repeat and never hold a key as it is', () => {
  // Randomness that can be recognised: every draw is one repeated byte, one higher each time.
  let draws = 0;
  const counted = (bytes: number): Uint8Array => new Uint8Array(bytes).fill((draws += 1));
  const sealKey = random(32);
  const { keyring, seal, dataKeys } = createKeyring({
    random: counted,
    sealKey,
    sealId: 'seal-1',
    kind: 'key-file',
  });
  const rows = [seal, ...dataKeys, keyring.addDataKey(counted), keyring.addDataKey(counted)];
  for (const { wrapped } of rows) {
    for (let draw = 1; draw <= draws; draw += 1) {
      assert.equal(Buffer.from(wrapped).indexOf(new Uint8Array(32).fill(draw)), -1);
    }
  }
  assert.equal(new Set(rows.map(({ wrapped }) => Buffer.from(wrapped).toString('hex'))).size, rows.length);
});

void test('randomness that gives too little makes no key', () => {
  const short = (bytes: number): Uint8Array => random(bytes - 1);
  assert.throws(() => createKeyring({ random: short, sealKey: random(32), sealId: 's', kind: 'key-file' }));
});

void test('a keyring prints nothing of its keys', () => {
  const { keyring } = made();
  for (const printed of [JSON.stringify(keyring), inspect(keyring, { showHidden: true, depth: 9 })]) {
    assert.doesNotMatch(printed, /Uint8Array|Buffer|[0-9a-f]{16}/);
  }
});
