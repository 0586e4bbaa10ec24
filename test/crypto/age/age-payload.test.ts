/** The payload of age files: in chunks, in order, whole or refused. */
import assert from 'node:assert/strict';
import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { decryptPayload, encryptPayload } from '#crypto/age/age-payload.ts';
import { KeystairError } from '#domain/errors.ts';
import { sameBytes } from '#test/agent/same-bytes.ts';
import { REFUSED } from '#test/sentences/refused.ts';

const CHUNK = 64 * 1024;
const SEALED = CHUNK + 16;
const NONCE = 16;
const fileKey = randomBytes(16);
const nonce = randomBytes(NONCE);

async function* inPieces(bytes: Uint8Array, size = bytes.length || 1): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function encrypted(plaintext: Uint8Array, size?: number): Promise<Buffer> {
  return all(encryptPayload(fileKey, nonce, inPieces(plaintext, size)));
}

/** What came out before the failure, and the failure. */
async function refused(payload: Uint8Array, key = fileKey): Promise<{ released: Buffer; message: string }> {
  const released: Uint8Array[] = [];
  try {
    for await (const piece of decryptPayload(key, inPieces(payload))) released.push(piece);
  } catch (error) {
    assert.ok(error instanceof KeystairError);
    assert.equal(error.code, 'file-damaged');
    return { released: Buffer.concat(released), message: error.message };
  }
  return assert.fail('accepted');
}

/** The specification once more, as plainly as possible: one chunk of given bytes, number and flag. */
function seal(plaintext: Uint8Array, number: number, last: boolean): Buffer {
  const key = Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
  const chunkNonce = Buffer.concat([Buffer.alloc(7), Buffer.from([0, 0, 0, number, last ? 1 : 0])]);
  const cipher = createCipheriv('chacha20-poly1305', key, chunkNonce, { authTagLength: 16 });
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

void describe('the payload of an age file', () => {
  for (const size of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 5 * CHUNK + 123]) {
    void it(`of ${size} bytes is what the specification says, and comes back`, async () => {
      const plaintext = randomBytes(size);
      const expected: Uint8Array[] = [nonce];
      const chunks = Math.max(1, Math.ceil(size / CHUNK));
      for (let chunk = 0; chunk < chunks; chunk += 1) {
        expected.push(
          seal(plaintext.subarray(chunk * CHUNK, (chunk + 1) * CHUNK), chunk, chunk === chunks - 1),
        );
      }
      const payload = await encrypted(plaintext);
      sameBytes(payload, Buffer.concat(expected));
      sameBytes(await all(decryptPayload(fileKey, inPieces(payload))), plaintext);
    });
  }

  void it('does not depend on the pieces in which it comes', async () => {
    const plaintext = randomBytes(3 * CHUNK + 17);
    const whole = await encrypted(plaintext);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 61, max: 3 * SEALED }), async (size) => {
        sameBytes(await encrypted(plaintext, size), whole);
        sameBytes(await all(decryptPayload(fileKey, inPieces(whole, size))), plaintext);
      }),
      { numRuns: 60 },
    );
    const short = await encrypted(plaintext.subarray(0, CHUNK + 5), 1);
    sameBytes(await all(decryptPayload(fileKey, inPieces(short, 1))), plaintext.subarray(0, CHUNK + 5));
  });

  void it('that was cut off anywhere is found out, and only whole chunks came out before', async () => {
    const plaintext = randomBytes(2 * CHUNK + 100);
    const payload = await encrypted(plaintext);
    const ends = [0, 1, 15, 16, 17, 31, 32, 33, NONCE + SEALED - 1, NONCE + SEALED, NONCE + SEALED + 1];
    ends.push(
      NONCE + SEALED + 16,
      NONCE + 2 * SEALED - 1,
      NONCE + 2 * SEALED,
      NONCE + 2 * SEALED + 16,
      payload.length - 1,
    );
    for (const end of ends) {
      const { released, message } = await refused(payload.subarray(0, end));
      assert.ok(released.length % CHUNK === 0 && released.length <= end);
      sameBytes(released, plaintext.subarray(0, released.length));
      assert.match(message, REFUSED['file-damaged'].cutOff);
    }
  });

  void it('that goes on after its end is found out', async () => {
    for (const size of [0, 10, CHUNK, CHUNK + 10]) {
      const payload = await encrypted(randomBytes(size));
      for (const more of [1, 16, 17, SEALED]) {
        const { released } = await refused(Buffer.concat([payload, randomBytes(more)]));
        assert.ok(released.length <= size);
      }
    }
    const full = await encrypted(randomBytes(CHUNK));
    assert.match(
      (await refused(Buffer.concat([full, Buffer.alloc(1)]))).message,
      REFUSED['file-damaged'].followsTheEnd,
    );
  });

  void it('with any one bit changed is found out before that chunk is released', async () => {
    const plaintext = randomBytes(2 * CHUNK + 40);
    const payload = await encrypted(plaintext);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: payload.length - 1 }), fc.nat({ max: 7 }), async (at, bit) => {
        const flipped = Buffer.from(payload);
        flipped[at]! ^= 1 << bit;
        const { released } = await refused(flipped);
        // The nonce is part of every chunk's key.
        const chunk = at < NONCE ? 0 : Math.floor((at - NONCE) / SEALED);
        sameBytes(released, plaintext.subarray(0, chunk * CHUNK));
      }),
      { numRuns: 150 },
    );
  });

  void it('whose chunks were swapped, left out or repeated is found out', async () => {
    const payload = await encrypted(randomBytes(3 * CHUNK));
    const [a, b, c] = [0, 1, 2].map((chunk) =>
      payload.subarray(NONCE + chunk * SEALED, NONCE + (chunk + 1) * SEALED),
    );
    for (const order of [
      [b, a, c],
      [a, c],
      [b, c],
      [a, a, b, c],
      [a, b, c, c],
      [a, b, b],
    ]) {
      await refused(Buffer.concat([nonce, ...order.map((chunk) => chunk!)]));
    }
  });

  void it('has one spelling: an empty last chunk stands for an empty file and nothing else', async () => {
    const plaintext = randomBytes(CHUNK);
    const twice = Buffer.concat([nonce, seal(plaintext, 0, false), seal(new Uint8Array(0), 1, true)]);
    assert.match((await refused(twice)).message, REFUSED['file-damaged'].emptyChunk);
    const empty = Buffer.concat([nonce, seal(new Uint8Array(0), 0, true)]);
    assert.equal((await all(decryptPayload(fileKey, inPieces(empty)))).length, 0);
  });

  void it('may not have a short chunk that is not the last, nor two last ones', async () => {
    await refused(Buffer.concat([nonce, seal(randomBytes(100), 0, false), seal(randomBytes(10), 1, true)]));
    await refused(Buffer.concat([nonce, seal(randomBytes(CHUNK), 0, true), seal(randomBytes(10), 1, true)]));
    await refused(
      Buffer.concat([nonce, seal(randomBytes(CHUNK), 0, false), seal(randomBytes(CHUNK), 1, false)]),
    );
  });

  void it('does not open with the key of another file', async () => {
    const { released } = await refused(await encrypted(randomBytes(100)), randomBytes(16));
    assert.equal(released.length, 0);
  });

  void it('is never read further ahead than one block beyond what was taken', async () => {
    let given = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        given += 1;
        yield Buffer.alloc(CHUNK);
      }
    };
    const chunks = encryptPayload(fileKey, nonce, endless());
    await chunks.next();
    assert.equal(given, 0);
    for (let taken = 1; taken <= 50; taken += 1) {
      await chunks.next();
      assert.equal(given, taken + 1);
    }
    await chunks.return();
  });
});
