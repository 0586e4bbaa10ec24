/** Reading LUKS2 headers: both copies, checksums, and bytes of strangers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { type Luks2Header, parseLuks2Header } from '#agent/drives/luks2/luks2-header.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import {
  type CopyFields,
  COPY_BYTES,
  driveJson,
  type Json,
  luksCopy,
  luksFront,
  patchCopy,
  UUID,
} from './luks2-front.ts';

const FIELDS: CopyFields = { json: driveJson(), uuid: UUID, label: 'Büro' };

function refusal(front: Uint8Array): KeystairError {
  try {
    parseLuks2Header(front);
  } catch (error) {
    assert.ok(error instanceof KeystairError, String(error));
    return error;
  }
  return assert.fail('accepted');
}

/** What counts of a header, whichever copy it is from. */
function meaning({ copy: _copy, other: _other, ...rest }: Luks2Header): unknown {
  return rest;
}

void describe('a LUKS2 header', () => {
  void it('is read with all that Keystair judges', () => {
    const header = parseLuks2Header(luksFront(FIELDS));
    assert.equal(header.uuid, UUID);
    assert.equal(header.label, 'Büro');
    assert.equal(header.seqid, 3n);
    assert.equal(header.copy, 'first');
    assert.equal(header.other?.copy, 'second');
    assert.deepEqual(meaning({ ...header.other, other: undefined }), meaning(header));
    assert.deepEqual(header.requirements, []);
    assert.deepEqual(header.segments.get('0'), {
      type: 'crypt',
      offset: 16777216n,
      size: 'dynamic',
      encryption: 'aes-xts-plain64',
      ivTweak: '0',
      sectorSize: 4096,
      integrity: false,
      flags: [],
    });
    assert.equal(header.keyslots.get('0')?.keySize, 64);
    assert.deepEqual(header.digests.get('0')?.segments, ['0']);
  });

  for (const size of [0x4000, 0x8000, 0x10000, 0x100000, 0x400000]) {
    void it(`of ${size / 1024} KiB a copy is read from either copy`, () => {
      const front = luksFront({ ...FIELDS, size });
      const header = parseLuks2Header(front);
      front[500]! ^= 1;
      const second = parseLuks2Header(front);
      assert.equal(second.copy, 'first');
      front[4096]! ^= 1;
      const third = parseLuks2Header(front);
      assert.equal(third.copy, 'second');
      assert.equal(third.other, undefined);
      assert.deepEqual(meaning(third), meaning(header));
    });
  }

  void it('counts by its newer copy, as cryptsetup counts', () => {
    const older: CopyFields = { ...FIELDS, seqid: 7n };
    const newer: CopyFields = { ...FIELDS, seqid: 8n, label: 'newer' };
    for (const [front, copy] of [
      [luksFront(newer, older), 'first'],
      [luksFront(older, newer), 'second'],
    ] as const) {
      const header = parseLuks2Header(front);
      assert.equal(header.label, 'newer');
      assert.equal(header.copy, copy);
      assert.equal(header.other?.seqid, 7n);
    }
  });

  void it('with any one bit changed in one copy is read from the other, or says the same', () => {
    const front = luksFront(FIELDS);
    const expected = meaning(parseLuks2Header(front));
    fc.assert(
      fc.property(fc.nat({ max: 2 * COPY_BYTES - 1 }), fc.nat({ max: 7 }), (at, bit) => {
        const flipped = Buffer.from(front);
        flipped[at]! ^= 1 << bit;
        try {
          assert.deepEqual(meaning(parseLuks2Header(flipped)), expected);
        } catch (error) {
          // Another checksum's name is refused outright, whichever copy bears it.
          assert.equal(codeOf(error), 'drive-altered');
          assert.match(String(error), REFUSED['drive-altered'].otherChecksum);
        }
      }),
      { numRuns: 400 },
    );
  });

  void it('with both copies damaged is refused as altered, with what to do', () => {
    const front = luksFront(FIELDS);
    front[5000]! ^= 1;
    front[COPY_BYTES + 5000]! ^= 1;
    const error = refusal(front);
    assert.equal(error.code, 'drive-altered');
    assert.match(error.sentence, REFUSED['drive-not-luks'].bothCopiesDamaged);
  });

  void it('is missing on an empty drive, on any other data, and on LUKS of version 1, each by its name', () => {
    for (const front of [new Uint8Array(0), Buffer.alloc(100), Buffer.alloc(1 << 20), Buffer.from('LUKS')]) {
      assert.equal(refusal(front).code, 'drive-not-luks');
    }
    const first = Buffer.alloc(8192);
    first.write('LUKS\xba\xbe\x00\x01', 'latin1');
    const error = refusal(first);
    assert.equal(error.code, 'drive-not-luks');
    assert.match(error.sentence, REFUSED['drive-not-luks'].convert);
  });

  void it('is not believed in its sizes and offsets', () => {
    const lies: readonly ((copy: Buffer) => void)[] = [
      (copy) => copy.writeBigUInt64BE(0n, 8),
      (copy) => copy.writeBigUInt64BE(4096n, 8),
      (copy) => copy.writeBigUInt64BE(0x800000n, 8),
      (copy) => copy.writeBigUInt64BE(2n ** 63n, 8),
      (copy) => copy.writeBigUInt64BE(2n ** 64n - 1n, 8),
      (copy) => copy.writeBigUInt64BE(0x400000n, 8),
      (copy) => copy.writeBigUInt64BE(512n, 256),
      (copy) => copy.writeUInt16BE(3, 6),
    ];
    for (const lie of lies) {
      const front = luksFront(FIELDS);
      const copy = front.subarray(0, COPY_BYTES);
      lie(copy);
      assert.equal(parseLuks2Header(front).copy, 'second');
      lie(front.subarray(COPY_BYTES));
      assert.equal(refusal(front).code, 'drive-altered');
    }
  });

  void it('is passed over where its place is wrong, also with a checksum that fits, as cryptsetup does', () => {
    const moved = luksFront(FIELDS);
    patchCopy(moved, 0, (copy) => copy.writeBigUInt64BE(512n, 256));
    assert.equal(parseLuks2Header(moved).copy, 'second');
    // A second copy that says it is larger than the place where it lies.
    const larger = Buffer.alloc(4 * COPY_BYTES);
    luksCopy(COPY_BYTES, { ...FIELDS, size: 2 * COPY_BYTES }).copy(larger, COPY_BYTES);
    assert.equal(refusal(larger).code, 'drive-altered');
  });

  void it('that ends too early is not read beyond its end', () => {
    const front = luksFront(FIELDS);
    assert.equal(parseLuks2Header(front.subarray(0, 2 * COPY_BYTES - 1)).other, undefined);
    assert.equal(refusal(front.subarray(0, COPY_BYTES - 1)).code, 'drive-altered');
    assert.equal(refusal(front.subarray(0, 4095)).code, 'drive-altered');
    assert.equal(refusal(front.subarray(0, 5)).code, 'drive-not-luks');
  });

  void it('is refused whole where cryptsetup might read a copy that this parser cannot', () => {
    const harmless = luksFront({ ...FIELDS, seqid: 1n });
    const other: readonly CopyFields[] = [
      { ...FIELDS, seqid: 9n, checksum: 'sha512' },
      { ...FIELDS, seqid: 9n, json: '{/* a comment */}' },
      { ...FIELDS, seqid: 9n, json: `${JSON.stringify(driveJson())} ,` },
      { ...FIELDS, seqid: 9n, json: { ...driveJson(), segments: [] } },
      { ...FIELDS, seqid: 9n, json: ` ${JSON.stringify(driveJson())}` },
    ];
    for (const fields of other) {
      const front = Buffer.from(harmless);
      luksCopy(COPY_BYTES, fields).copy(front, COPY_BYTES);
      assert.equal(refusal(front).code, 'drive-altered');
      luksCopy(0, fields).copy(front);
      assert.equal(refusal(front).code, 'drive-altered');
    }
  });

  void it('may hold nothing after its JSON', () => {
    const front = luksFront(FIELDS);
    patchCopy(front, 0, (copy) => {
      copy[COPY_BYTES - 1] = 1;
    });
    assert.equal(refusal(front).code, 'drive-altered');
  });

  void it('shows no control characters of a label to a terminal', () => {
    const { label } = parseLuks2Header(luksFront({ ...FIELDS, label: 'a\u001b[31m\u009bb\n' }));
    assert.doesNotMatch(label, /\p{Cc}/u);
  });

  void it('of any bytes at all is refused with one of the two codes, never with a crash', () => {
    const anyJson = fc.json({ maxDepth: 4 });
    const field = fc.constantFrom('keyslots', 'segments', 'tokens', 'digests', 'config');
    fc.assert(
      fc.property(
        anyJson,
        field,
        fc.jsonValue({ maxDepth: 3 }),
        fc.uint8Array({ maxLength: 64 }),
        (text, name, value, noise) => {
          const json: Json = { ...driveJson(), [name]: value };
          for (const front of [
            luksFront({ ...FIELDS, json: text }),
            luksFront({ ...FIELDS, json }),
            Buffer.from(noise),
          ]) {
            front.set(noise.subarray(0, Math.min(noise.length, front.length)), 0);
            try {
              parseLuks2Header(front);
            } catch (error) {
              assert.ok(['drive-altered', 'drive-not-luks'].includes(codeOf(error)), String(error));
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
