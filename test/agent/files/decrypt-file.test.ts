/** Decrypting: nothing of a payload is written before its header is proved, and no refused file leaves a part. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { armor } from 'age-encryption';
import { decryptFile } from '#agent/files/decrypt-file.ts';
import { encodeFileStanza } from '#domain/file-stanza.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { sameBytes } from '../same-bytes.ts';
import { stock, unlessInstalled } from '../system-tools.ts';
import {
  CHUNK,
  keyId,
  claim,
  hybrid,
  x25519,
  sink,
  streams,
  unwrapWith,
  job,
  decrypted,
  encrypted,
  refused,
} from './whole-files.ts';

void describe('a file that does not open', () => {
  void it('with any one bit changed, in header, stanza, claim, MAC, nonce, content or tag, leaves no output', async () => {
    const file = await encrypted(randomBytes(200));
    const header = file.indexOf('\n---') + 49;
    const places = [...Array(file.length).keys()].filter(
      (at) => at < header || at % 7 === 0 || at > file.length - 17,
    );
    for (const at of places) {
      const flipped = Buffer.from(file);
      flipped[at]! ^= 1 << (at % 8);
      const error = await refused(flipped);
      assert.ok(
        ['file-damaged', 'file-not-encrypted', 'key-unavailable'].includes(error.code),
        error.sentence,
      );
    }
  });

  void it('says that the header was altered where only its MAC does not fit', async () => {
    const file = await encrypted(randomBytes(200));
    const other = await encrypted(randomBytes(200));
    const mac = (bytes: Buffer) => bytes.indexOf('\n---') + 5;
    other.copy(file, mac(file), mac(other), mac(other) + 43);
    const error = await refused(file);
    assert.equal(error.code, 'file-damaged');
    assert.match(error.message, REFUSED['file-damaged'].headerAltered);
  });

  void it('does not get past a claim that was exchanged for another: the MAC covers it', async () => {
    const file = await encrypted(randomBytes(200));
    const text = file.toString('latin1').replace(encodeFileStanza({ keyId, claim })[2], 'A'.repeat(22));
    assert.match((await refused(Buffer.from(text, 'latin1'))).message, REFUSED['file-damaged'].headerAltered);
  });

  void it('is refused with a wrong file key before any of the payload is looked at', async () => {
    const file = await encrypted(randomBytes(200));
    for (const length of [16, 15, 32, 0]) {
      const error = await refused(file, async () => Uint8Array.from(randomBytes(length)));
      assert.match(error.message, REFUSED['file-damaged'].headerAlteredOrOther);
    }
  });

  void it('hands on why its key is not to be had', async () => {
    const error = await refused(await encrypted(randomBytes(9)), unwrapWith(hybrid.identity));
    assert.equal(error.code, 'key-unavailable');
  });

  void it('cut off at a chunk boundary or with something appended leaves no output', async () => {
    const file = await encrypted(randomBytes(2 * CHUNK));
    assert.match((await refused(file.subarray(0, -(CHUNK + 16)))).message, REFUSED['file-damaged'].cutOff);
    assert.match(
      (await refused(Buffer.concat([file, Buffer.from('x')]))).message,
      REFUSED['file-damaged'].followsTheEnd,
    );
  });

  void it('sends only verified content to standard output before it fails', async () => {
    const plaintext = randomBytes(3 * CHUNK);
    const file = await encrypted(plaintext);
    file[file.length - 1]! ^= 1;
    const out = sink();
    const unwrap = unwrapWith(x25519.identity);
    await assert.rejects(
      decryptFile({ ...job, input: '-', output: '-', streams: streams(file, out.stream), unwrap }),
      {
        code: 'file-damaged',
      },
    );
    sameBytes(out.bytes(), plaintext.subarray(0, 2 * CHUNK));
  });

  void it('in armor leaves no output either, cut off, bent or with something appended', async () => {
    const plaintext = randomBytes(CHUNK + 100);
    const file = armor.encode(await encrypted(plaintext));
    sameBytes(await decrypted(Buffer.from(file)), plaintext);
    for (const bent of [
      file.slice(0, -40),
      `${file}x`,
      file.replace(/\n(?=[^\n]*\n-----END)/, ''),
      `${file}${file}`,
    ]) {
      assert.equal((await refused(Buffer.from(bent))).code, 'file-damaged');
    }
  });

  void it('is called by its name where Keystair did not make it', {
    skip: unlessInstalled('age'),
  }, async () => {
    const input = randomBytes(10);
    assert.equal(
      (await refused(stock('age', ['--recipient', x25519.recipient], { input }))).code,
      'file-not-encrypted',
    );
    assert.equal((await refused(input)).code, 'file-not-encrypted');
  });
});
