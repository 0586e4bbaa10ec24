/** Headers of age files: one spelling, a proved MAC, and bytes of strangers. */
import assert from 'node:assert/strict';
import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { headerMacFits, parseAgeHeader, readAgeHeader } from '#crypto/age/age-header.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import type { AgeStanza } from '#domain/file-stanza.ts';
import { AGE_HEADER_BYTES_MAX } from '#domain/limits.ts';
import { REFUSED } from '#test/sentences/refused.ts';

const MAC = 'A'.repeat(43);
const FULL_LINE = 'A'.repeat(64);

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** A header as the specification writes it. */
function encode(stanzas: readonly AgeStanza[], mac: string = MAC): string {
  let text = 'age-encryption.org/v1\n';
  for (const { args, body } of stanzas) {
    const base64 = Buffer.from(body).toString('base64').replace(/=+$/, '');
    text += `-> ${args.join(' ')}\n`;
    for (let at = 0; at <= base64.length; at += 64) text += `${base64.slice(at, at + 64)}\n`;
  }
  return `${text}--- ${mac}\n`;
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function refusal(bytes: Uint8Array, size = bytes.length || 1): Promise<KeystairError> {
  try {
    await readAgeHeader(inPieces(bytes, size));
  } catch (error) {
    assert.ok(error instanceof KeystairError);
    return error;
  }
  return assert.fail('accepted');
}

const argument = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
});
const anyStanza = fc.record(
  { args: fc.array(argument, { minLength: 1, maxLength: 5 }), body: fc.uint8Array({ maxLength: 200 }) },
  { noNullPrototype: true },
);

void describe('the header of an age file', () => {
  void it('is read as it was written, whatever the pieces it comes in, and the payload is left whole', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyStanza, { minLength: 1, maxLength: 5 }),
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 1, max: 500 }),
        async (stanzas, payload, size) => {
          const text = encode(stanzas);
          const { header, rest } = await readAgeHeader(
            inPieces(Buffer.concat([latin1(text), payload]), size),
          );
          assert.deepEqual(
            header.stanzas.map(({ args, body }) => ({ args, body: Uint8Array.from(body) })),
            stanzas,
          );
          assert.equal(Buffer.from(header.bytes).toString('latin1'), text);
          assert.deepEqual(await all(rest), Buffer.from(payload));
        },
      ),
    );
  });

  void it('is never believed where one byte differs and yet read the same', async () => {
    const stanzas = [
      { args: ['X25519', 'abc'], body: Uint8Array.from(randomBytes(48)) },
      { args: ['k'], body: Uint8Array.from(randomBytes(32)) },
    ];
    const original = latin1(encode(stanzas));
    const seen = parseAgeHeader(original);
    for (let at = 0; at < original.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const flipped = Buffer.from(original);
        flipped[at]! ^= 1 << bit;
        try {
          const { stanzas, mac } = parseAgeHeader(flipped);
          assert.notDeepEqual({ stanzas, mac }, { stanzas: seen.stanzas, mac: seen.mac });
        } catch (error) {
          assert.ok(['file-damaged', 'file-not-encrypted'].includes(codeOf(error)), String(error));
        }
      }
    }
  });

  void it('that is any bytes at all is refused with one of the two codes, never with a crash', async () => {
    const soup = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc
        .array(
          fc.constantFrom(
            'age-encryption.org/v1\n',
            '-> ',
            '--- ',
            MAC,
            '\n',
            ' ',
            FULL_LINE,
            'AA',
            'é',
            '=',
            '\r',
          ),
        )
        .map((parts) => latin1(`age-encryption.org/v1\n${parts.join('')}`)),
    );
    await fc.assert(
      fc.asyncProperty(soup, fc.integer({ min: 1, max: 100 }), async (bytes, size) => {
        try {
          await readAgeHeader(inPieces(bytes, size));
        } catch (error) {
          assert.ok(['file-damaged', 'file-not-encrypted'].includes(codeOf(error)), String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  const version = 'age-encryption.org/v1\n';
  const whole = `${version}-> a b\nAAAA\n--- ${MAC}\n`;
  const damaged: Readonly<Record<string, string>> = {
    'cut off in the version line': 'age-encryption.org/v1',
    'cut off in a stanza': `${version}-> a b\nAAAA\n`,
    'cut off in the MAC': whole.slice(0, -1),
    'without a stanza': `${version}--- ${MAC}\n`,
    'with a stanza that has no arguments': `${version}->\n\n--- ${MAC}\n`,
    'with an empty argument': `${version}-> a  b\n\n--- ${MAC}\n`,
    'with a space after the last argument': `${version}-> a \n\n--- ${MAC}\n`,
    'with a control character in an argument': `${version}-> a\tb\n\n--- ${MAC}\n`,
    'with a byte above ASCII in an argument': `${version}-> a\xe9\n\n--- ${MAC}\n`,
    'with a carriage return': whole.replace('AAAA\n', 'AAAA\r\n'),
    'with padding in a body': `${version}-> a\nAA==\n--- ${MAC}\n`,
    'with unused bits set in a body': `${version}-> a\nAB\n--- ${MAC}\n`,
    'with a body line that no base64 has': `${version}-> a\nAAAAA\n--- ${MAC}\n`,
    'with a body in the URL alphabet': `${version}-> a\n-_-_\n--- ${MAC}\n`,
    'with a body line of 65 columns': `${version}-> a\n${FULL_LINE}A\n\n--- ${MAC}\n`,
    'with a body line of 68 columns': `${version}-> a\n${FULL_LINE}AAAA\n\n--- ${MAC}\n`,
    'with a full line and no final short one': `${version}-> a\n${FULL_LINE}\n--- ${MAC}\n`,
    'with two short lines in one body': `${version}-> a\nAAAA\nAAAA\n--- ${MAC}\n`,
    'with a stanza that has no body line': `${version}-> a\n-> b\n\n--- ${MAC}\n`,
    'with a line that begins no stanza': `${version}=> a\n\n--- ${MAC}\n`,
    'with an empty line before the MAC': `${version}-> a\n\n\n--- ${MAC}\n`,
    'with a MAC that is missing': `${version}-> a\n\n---\n`,
    'with a MAC without its space': `${version}-> a\n\n---${MAC}\n`,
    'with a MAC after two spaces': `${version}-> a\n\n---  ${MAC}\n`,
    'with a space after the MAC': `${version}-> a\n\n--- ${MAC} \n`,
    'with a MAC too short': `${version}-> a\n\n--- ${MAC.slice(1)}\n`,
    'with padding at the MAC': `${version}-> a\n\n--- ${MAC}=\n`,
    'with unused bits set in the MAC': `${version}-> a\n\n--- ${MAC.slice(1)}B\n`,
  };
  for (const [how, text] of Object.entries(damaged)) {
    void it(`is refused ${how}`, async () => {
      assert.equal((await refusal(latin1(text))).code, 'file-damaged');
      assert.equal((await refusal(latin1(text), 1)).code, 'file-damaged');
    });
  }

  void it('is refused with anything after its MAC, where it is parsed by itself', () => {
    assert.throws(() => parseAgeHeader(latin1(`${whole}x\n`)), { code: 'file-damaged' });
    assert.throws(() => parseAgeHeader(latin1(`${whole}\n`)), { code: 'file-damaged' });
    assert.equal(parseAgeHeader(latin1(whole)).stanzas.length, 1);
  });

  void it('takes bounded memory: one that goes on for ever is refused at the limit', async () => {
    let given = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      yield latin1(`${version}-> a\n`);
      for (;;) {
        const line = latin1(`${FULL_LINE}\n`);
        given += line.length;
        yield line;
      }
    };
    await assert.rejects(readAgeHeader(endless()), { code: 'file-damaged' });
    assert.ok(given <= AGE_HEADER_BYTES_MAX + 65);
  });

  void it('of another version, or of another kind of file, is called what it is', async () => {
    assert.match(
      (await refusal(latin1(whole.replace('v1', 'v2')))).message,
      REFUSED['file-damaged'].otherVersion,
    );
    for (const bytes of [
      new Uint8Array(0),
      latin1('PK\x03\x04 a zip file that is long enough'),
      Buffer.alloc(1 << 20),
    ]) {
      const error = await refusal(bytes);
      assert.equal(error.code, 'file-not-encrypted');
      assert.match(error.message, REFUSED['file-not-encrypted'].plain);
    }
  });

  void it('has a MAC that fits its own file key and no other, and no other header', () => {
    const fileKey = randomBytes(16);
    const stanzas = [{ args: ['a'], body: Uint8Array.from(randomBytes(32)) }];
    const covered = encode(stanzas).slice(0, -45);
    const hmac = createHmac('sha256', Buffer.from(hkdfSync('sha256', fileKey, '', 'header', 32))).update(
      latin1(covered),
    );
    const mac = hmac.digest('base64').slice(0, 43);
    const header = parseAgeHeader(latin1(encode(stanzas, mac)));
    assert.equal(headerMacFits(header, fileKey), true);
    assert.equal(headerMacFits(header, randomBytes(16)), false);
    const other = [{ args: ['b'], body: stanzas[0]!.body }];
    assert.equal(headerMacFits(parseAgeHeader(latin1(encode(other, mac))), fileKey), false);
  });
});
