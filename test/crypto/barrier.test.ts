/** The barrier: what is sealed opens for its purpose and its row, and for nothing else. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { Barrier, BLOB_OVERHEAD_BYTES } from '#crypto/barrier.ts';
import { createKeyring, type Keyring, openKeyring } from '#crypto/keyring.ts';
import { KeystairError } from '#domain/errors.ts';
import { REFUSED } from '#test/sentences/refused.ts';

const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
const PURPOSE = 'encryption-keys/material/v1';
const ASSOCIATED = '{"id":"018f"}';
const MATERIAL = Buffer.from('correct horse battery staple, sixty-four bytes long for the test');

function newKeyring(): Keyring {
  return createKeyring({ random, sealKey: random(32), sealId: 'seal-1', kind: 'key-file' }).keyring;
}

function newBarrier(): Barrier {
  return new Barrier(newKeyring(), random);
}

/** Asserts that the blob is refused, for this cause, with neither material nor associated data in the error. */
function unreadable(
  barrier: Barrier,
  blob: Uint8Array,
  cause: RegExp,
  purpose = PURPOSE,
  associated = ASSOCIATED,
) {
  assert.throws(
    () => barrier.open(purpose, associated, blob),
    (error: unknown) => {
      assert.ok(error instanceof KeystairError, String(error));
      assert.equal(error.code, 'record-unreadable');
      assert.match(error.message, cause);
      assert.ok(error.message.includes(purpose), 'names the purpose');
      assert.ok(error.nextStep !== undefined, 'names the next step');
      const printed = inspect(error, { depth: 9, showHidden: true });
      assert.ok(!printed.includes('horse') && !printed.includes('018f'), 'never the content');
      return true;
    },
  );
}

void test('confidential: no part of the plaintext is in the blob', () => {
  const blob = Buffer.from(newBarrier().seal(PURPOSE, ASSOCIATED, MATERIAL));
  for (let at = 0; at + 4 <= MATERIAL.length; at += 1) {
    assert.equal(blob.indexOf(MATERIAL.subarray(at, at + 4)), -1);
  }
  assert.equal(blob.indexOf(PURPOSE), -1);
  assert.equal(blob.length, MATERIAL.length + BLOB_OVERHEAD_BYTES);
});

void test('confidential: the same plaintext sealed twice gives blobs that have nothing in common', () => {
  const barrier = newBarrier();
  const [one, other] = [
    barrier.seal(PURPOSE, ASSOCIATED, MATERIAL),
    barrier.seal(PURPOSE, ASSOCIATED, MATERIAL),
  ];
  assert.notDeepEqual(one.subarray(5, 29), other.subarray(5, 29));
  assert.notDeepEqual(one.subarray(29), other.subarray(29));
});

void test('whatever is sealed opens again, and only with its own purpose and associated data', () => {
  const barrier = newBarrier();
  const text = fc.string({ unit: 'binary', maxLength: 40 });
  fc.assert(
    fc.property(
      text,
      text,
      text,
      text,
      fc.uint8Array({ maxLength: 5000 }),
      (purpose, rest, other, more, bytes) => {
        const blob = barrier.seal(purpose, rest, bytes);
        assert.deepEqual(Buffer.from(barrier.open(purpose, rest, blob)), Buffer.from(bytes));
        if (other !== purpose) assert.throws(() => barrier.open(other, rest, blob), KeystairError);
        if (more !== rest) assert.throws(() => barrier.open(purpose, more, blob), KeystairError);
      },
    ),
  );
});

void test('move integrity: a blob moved to another purpose or another row does not open', () => {
  const barrier = newBarrier();
  const blob = barrier.seal(PURPOSE, ASSOCIATED, MATERIAL);
  unreadable(barrier, blob, REFUSED['record-unreadable'].alteredOrMoved, 'receipts/key/v1');
  unreadable(barrier, blob, REFUSED['record-unreadable'].alteredOrMoved, PURPOSE, '{"id":"018e"}');
  unreadable(barrier, blob, REFUSED['record-unreadable'].alteredOrMoved, PURPOSE, '');
  unreadable(barrier, blob, REFUSED['record-unreadable'].alteredOrMoved, `${PURPOSE}{`, ASSOCIATED.slice(1));
  unreadable(
    barrier,
    blob,
    REFUSED['record-unreadable'].alteredOrMoved,
    PURPOSE.slice(0, -1),
    `1${ASSOCIATED}`,
  );
});

void test('integrity: a blob with any single bit flipped does not open', () => {
  const keyring = newKeyring();
  const barrier = new Barrier(keyring, random);
  // Data keys 2 and 3 exist too, so a flipped number can also meet a real data key.
  for (let more = 0; more < 2; more += 1) keyring.useDataKey(keyring.addDataKey(random));
  const blob = barrier.seal(PURPOSE, ASSOCIATED, MATERIAL);
  for (let bit = 0; bit < blob.length * 8; bit += 1) {
    const flipped = Uint8Array.from(blob);
    flipped[bit >>> 3]! ^= 1 << (bit & 7);
    unreadable(
      barrier,
      flipped,
      bit < 8 ? /has form/ : bit < 40 ? /data key|altered/ : REFUSED['record-unreadable'].alteredOrMoved,
    );
  }
  assert.deepEqual(Buffer.from(barrier.open(PURPOSE, ASSOCIATED, blob)), MATERIAL);
});

void test('integrity: a blob cut anywhere, or with a byte more, does not open', () => {
  const barrier = newBarrier();
  const blob = barrier.seal(PURPOSE, ASSOCIATED, MATERIAL);
  for (let size = 0; size < blob.length; size += 1) {
    unreadable(
      barrier,
      blob.subarray(0, size),
      size < BLOB_OVERHEAD_BYTES
        ? REFUSED['record-unreadable'].cutShort
        : REFUSED['record-unreadable'].alteredOrMoved,
    );
  }
  unreadable(barrier, Buffer.concat([blob, new Uint8Array(1)]), REFUSED['record-unreadable'].alteredOrMoved);
});

void test('any bytes at all are refused as a value of the one code', () => {
  const barrier = newBarrier();
  const header = fc.constantFrom([], [1], [1, 0, 0, 0, 1], [1, 0, 0, 0, 0], [1, 0xff, 0xff, 0xff, 0xff]);
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 200 }), (first, rest) => {
      unreadable(barrier, Uint8Array.from([...first, ...rest]), /./);
    }),
  );
});

void test('a record under a data key that is not here says which one', () => {
  const barrier = newBarrier();
  const blob = barrier.seal(PURPOSE, ASSOCIATED, MATERIAL);
  for (const number of [0, 2, 0x80000001, 0xffffffff]) {
    const other = Buffer.from(blob);
    other.writeUInt32BE(number, 1);
    assert.equal(barrier.dataKeyNumber(other), number);
    unreadable(barrier, other, new RegExp(`data key ${number},`));
  }
});

void test('a record of a later form says so', () => {
  const barrier = newBarrier();
  const blob = barrier.seal(PURPOSE, ASSOCIATED, MATERIAL);
  blob[0] = 2;
  unreadable(barrier, blob, REFUSED['record-unreadable'].unknownForm);
  assert.throws(() => barrier.dataKeyNumber(blob), KeystairError);
  assert.throws(() => barrier.dataKeyNumber(blob.subarray(0, 4)), KeystairError);
});

void test('another server with the same numbers does not open our records', () => {
  const blob = newBarrier().seal(PURPOSE, ASSOCIATED, MATERIAL);
  unreadable(newBarrier(), blob, REFUSED['record-unreadable'].alteredOrMoved);
});

void test('after a new data key, old records open, new ones are sealed under it, and the MAC is the same', () => {
  const keyring = newKeyring();
  const barrier = new Barrier(keyring, random);
  const old = barrier.seal(PURPOSE, ASSOCIATED, MATERIAL);
  const mac = barrier.mac('members', 'row');
  keyring.useDataKey(keyring.addDataKey(random));
  const fresh = barrier.seal(PURPOSE, ASSOCIATED, MATERIAL);
  assert.deepEqual(
    [barrier.dataKeyNumber(old), barrier.dataKeyNumber(fresh), barrier.currentDataKey],
    [1, 2, 2],
  );
  for (const blob of [old, fresh]) {
    assert.deepEqual(Buffer.from(barrier.open(PURPOSE, ASSOCIATED, blob)), MATERIAL);
  }
  assert.ok(barrier.macFits('members', 'row', mac));
});

void test('an opened record lies in memory of its own, so wiping it wipes nothing else', () => {
  const barrier = newBarrier();
  const opened = barrier.open(PURPOSE, ASSOCIATED, barrier.seal(PURPOSE, ASSOCIATED, MATERIAL));
  assert.equal(opened.buffer.byteLength, MATERIAL.length);
});

void test('text that would not read back from a database is refused before it is sealed', () => {
  assert.throws(() => newBarrier().seal(PURPOSE, 'drive \ud800', MATERIAL), /well-formed/);
});

void test('a MAC fits its own purpose and row only', () => {
  const barrier = newBarrier();
  const text = fc.string({ unit: fc.constantFrom('0', '1', ':', 'a'), maxLength: 4 });
  fc.assert(
    fc.property(text, text, text, text, (purpose, row, otherPurpose, otherRow) => {
      const mac = barrier.mac(purpose, row);
      assert.equal(mac.length, 32);
      const same = purpose === otherPurpose && row === otherRow;
      assert.equal(barrier.macFits(otherPurpose, otherRow, mac), same);
    }),
  );
});

void test('a MAC with any bit flipped, cut, empty or longer does not fit', () => {
  const barrier = newBarrier();
  const mac = barrier.mac('members', 'row');
  for (let bit = 0; bit < 256; bit += 1) {
    const flipped = Uint8Array.from(mac);
    flipped[bit >>> 3]! ^= 1 << (bit & 7);
    assert.equal(barrier.macFits('members', 'row', flipped), false);
  }
  for (let size = 0; size < 32; size += 1) {
    assert.equal(barrier.macFits('members', 'row', mac.subarray(0, size)), false);
  }
  assert.equal(barrier.macFits('members', 'row', Buffer.concat([mac, new Uint8Array(1)])), false);
  assert.equal(newBarrier().macFits('members', 'row', mac), false, 'another server');
});

void test('a barrier prints nothing of its keys', () => {
  const barrier = newBarrier();
  for (const printed of [JSON.stringify(barrier), inspect(barrier, { showHidden: true, depth: 9 })]) {
    assert.doesNotMatch(printed, /Uint8Array|Buffer|KeyObject|[0-9a-f]{16}/);
  }
});

/** Made once by the first release, and checked against an implementation that shares no code with this one. */
const FIRST_RELEASE = {
  sealKey: '698f6411cc6ce9a3022242875413fda1fe159edc202bfd8b6bf0579a0da930a1',
  seal: '0b8ba404dc6aad1ec979039a6a4649f53777e9cbb34e4403d665043d3b7930d97cc97c3c25bc0a37ee08b6f33350c2dcc8e47e948c08a27b8e519ef483b183ab415cd49d30320db3',
  dataKey:
    '16cc5b3eeb002084b6a1860df0509d117f4ac69e0604dd05fb5979edc61a0245bacbdf3e006fca8bc499405f78e7fbfb3288ee0175b9267aecb1351975223395babcc1f150b7a39f',
  blob: '010000000160b017c3788f86a11b64fd99ab2a47efb7f4f0749c8ec42bb2f9e06e403d154ced924f45c11a797ca0e8e12d723c56',
  mac: '34370316ec2959998dc5bf141ee793d15e2ada2ac95be47a3da0c81a9ebbe4c7',
};

void test('a database of the first release opens', () => {
  const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
  const keyring = openKeyring({
    sealKey: bytes(FIRST_RELEASE.sealKey),
    seal: {
      id: '018f0000-0000-7000-8000-000000000001',
      kind: 'key-file',
      wrapped: bytes(FIRST_RELEASE.seal),
    },
    dataKeys: [{ number: 1, wrapped: bytes(FIRST_RELEASE.dataKey) }],
  });
  const barrier = new Barrier(keyring, random);
  const opened = barrier.open(PURPOSE, ASSOCIATED, bytes(FIRST_RELEASE.blob));
  assert.equal(Buffer.from(opened).toString(), 'Grüße');
  assert.equal(barrier.mac('members/v1', 'Lyon').toString('hex'), FIRST_RELEASE.mac);
});
