/** The armored form: what stock tools write is read, however it comes, and nothing else is. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { armor } from 'age-encryption';
import * as fc from 'fast-check';
import { withoutArmor } from '#crypto/age/age-armor.ts';
import { KeystairError } from '#domain/errors.ts';
import { AGE_ARMOR_WHITESPACE_MAX } from '#domain/limits.ts';
import { stock, unlessInstalled } from '#test/agent/system-tools.ts';
import { REFUSED } from '#test/sentences/refused.ts';

const BEGIN = '-----BEGIN AGE ENCRYPTED FILE-----\n';
const END = '-----END AGE ENCRYPTED FILE-----\n';
const LINE = `${'A'.repeat(64)}\n`;

async function* inPieces(text: string | Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text as string, 'latin1');
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string | Uint8Array, size = 1 << 16): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of withoutArmor(inPieces(text, size))) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function refused(text: string, says: RegExp): Promise<void> {
  for (const size of [1, 7, 1 << 16]) {
    await assert.rejects(read(text, size), (error) => {
      assert.ok(error instanceof KeystairError);
      assert.equal(error.code, 'file-damaged', text);
      assert.match(error.message, says, JSON.stringify(text));
      return true;
    });
  }
}

void describe('the armor of an age file', () => {
  void it('comes off in whatever pieces it arrives, with either line end, and whitespace around it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 400 }),
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom('\n', '\r\n'),
        fc.string({ unit: fc.constantFrom(' ', '\t', '\r', '\n'), maxLength: 20 }),
        fc.boolean(),
        async (bytes, size, eol, around, lastEol) => {
          const text = armor.encode(bytes).replaceAll('\n', eol);
          const ended = lastEol ? text : text.trimEnd();
          assert.deepEqual(await read(around + ended + around, size), Buffer.from(bytes));
        },
      ),
    );
  });

  void it('is not looked for in a file that has none: every byte of it comes through', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.uint8Array(), fc.constantFrom('', ' \n', BEGIN.slice(0, 20), 'x'.repeat(3000))),
        fc.integer({ min: 1, max: 50 }),
        async (content, size) => {
          const bytes = Buffer.from(content as string, 'latin1');
          assert.deepEqual(await read(bytes, size), bytes);
        },
      ),
    );
  });

  void it('that is bent anywhere is refused', async () => {
    const short = 'AAAA\n';
    await refused(BEGIN, REFUSED['file-damaged'].cutOff);
    await refused(BEGIN + LINE, REFUSED['file-damaged'].cutOff);
    await refused(BEGIN + LINE + END.slice(0, -3), REFUSED['file-damaged'].cutOff);
    await refused(`${BEGIN.trimEnd()} \n${LINE}${LINE}${END.repeat(40)}`, REFUSED['file-damaged'].firstLine);
    for (const bad of [
      `\n${LINE}`, // an empty line
      short + LINE, // a short one that is not the last
      short + short,
      `${'A'.repeat(65)}\n`,
      `${'A'.repeat(63)}\n${LINE}`,
      ` ${LINE}`,
      LINE.replace('\n', ' \n'),
      LINE.replace('A', '-'),
      LINE.replace('A', '_'),
      `Comment: none\n\n${LINE}`,
      `${LINE.trimEnd()}\r${LINE}`,
      `=AAAA\n${LINE}`,
    ]) {
      await refused(BEGIN + bad + LINE + END, /64 columns|canonical/);
    }
    // The last line: padding that is missing, not canonical, in the wrong place, or too much.
    for (const bad of ['AA', 'AAA', 'AB==', 'AAB=', 'A===', 'AA=A', 'AAAA==', `${'A'.repeat(64)}==`]) {
      await refused(`${BEGIN}${LINE}${bad}\n${END}`, /canonical/);
    }
    await refused(BEGIN + LINE + END + LINE, REFUSED['file-damaged'].somethingFollows);
    await refused(BEGIN + LINE + END + BEGIN, REFUSED['file-damaged'].somethingFollows);
    await refused(
      BEGIN + LINE + END + ' '.repeat(AGE_ARMOR_WHITESPACE_MAX),
      REFUSED['file-damaged'].somethingFollows,
    );
  });

  void it('is taken off with bounded memory, and refused as soon as it is wrong', async () => {
    let given = 0;
    const endless = async function* (line: string): AsyncGenerator<Uint8Array> {
      yield Buffer.from(BEGIN);
      for (;;) {
        given += 1;
        yield Buffer.from(line);
      }
    };
    let taken = 0;
    for await (const piece of withoutArmor(endless(LINE.repeat(100)))) {
      taken += piece.length;
      if (given === 1000) break;
    }
    // What was given was handed on, all but the block in hand.
    assert.ok(taken >= 998 * 100 * 48, `${taken} bytes`);
    given = 0;
    await assert.rejects(async () => {
      for await (const _ of withoutArmor(endless('AAAA'))) assert.fail('handed on');
    }, REFUSED['file-damaged'].columns);
    assert.ok(given < 50, `${given} blocks`);
  });

  void it('as stock age writes it comes off as stock age reads it', {
    skip: unlessInstalled('age', 'age-keygen'),
  }, async () => {
    const identity = stock('age-keygen', []).toString();
    const recipient = /age1[0-9a-z]+/.exec(identity)![0];
    for (const length of [0, 1, 30, 31, 32, 33, 1000, 70_000]) {
      const input = randomBytes(length);
      const armored = stock('age', ['--armor', '--recipient', recipient], { input });
      const binary = await read(armored);
      assert.equal(armor.encode(binary), armored.toString());
    }
  });
});
