/** Encrypting: the key is in custody first, and stock age reads what comes out. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Decrypter, Encrypter, Stanza } from 'age-encryption';
import { decryptFile, readFileStanza, type UnwrapFileKey } from '#agent/files/decrypt-file.ts';
import { encryptFile } from '#agent/files/encrypt-file.ts';
import { AGE_ALGORITHMS } from '#domain/age-algorithm.ts';
import { encodeFileStanza } from '#domain/file-stanza.ts';
import { sameBytes } from '../same-bytes.ts';
import { stock, unlessInstalled } from '../system-tools.ts';
import {
  CHUNK,
  keyId,
  claim,
  hybrid,
  x25519,
  streams,
  unwrapWith,
  job,
  encrypted,
  decrypted,
  temporaryPath,
  leftovers,
} from './whole-files.ts';

void describe('a file encrypted by Keystair', () => {
  for (const algorithm of AGE_ALGORITHMS) {
    const made = algorithm === 'age-x25519' ? x25519 : hybrid;
    for (const size of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * 1024 * 1024 + 7]) {
      void it(`of ${size} bytes comes back, with ${algorithm}, through paths`, async () => {
        const plaintext = randomBytes(size);
        const [input, file, output] = [temporaryPath(), temporaryPath(), temporaryPath()];
        writeFileSync(input, plaintext);
        await encryptFile({ ...job, input, output: file, recipients: [made.recipient], keyId, claim });
        assert.deepEqual(await readFileStanza(file, job.streams), { keyId, claim });
        await decryptFile({ ...job, input: file, output, unwrap: unwrapWith(made.identity) });
        sameBytes(readFileSync(output), plaintext);
        assert.equal(statSync(file).mode & 0o777, 0o600);
        assert.equal(statSync(output).mode & 0o777, 0o600);
        assert.deepEqual(leftovers(output), []);
      });
    }

    void it(`is opened by typage, with ${algorithm}`, async () => {
      const plaintext = randomBytes(3 * CHUNK);
      const decrypter = new Decrypter();
      decrypter.addIdentity(made.identity.exposeText()!);
      const file = await encrypted(plaintext, made.recipient);
      sameBytes(Buffer.from(await decrypter.decrypt(file)), plaintext);
    });

    void it(`is opened by us where typage made it, with ${algorithm}`, async () => {
      for (const size of [0, CHUNK, 2 * CHUNK + 9]) {
        const plaintext = Uint8Array.from(randomBytes(size));
        const encrypter = new Encrypter();
        encrypter.addRecipient(made.recipient);
        encrypter.addRecipient({
          wrapFileKey: () => [new Stanza(encodeFileStanza({ keyId, claim }), new Uint8Array(0))],
        });
        const file = await encrypter.encrypt(plaintext);
        sameBytes(await decrypted(file, made.identity), Buffer.from(plaintext));
      }
    });
  }

  void it('is opened by stock age with the identity', { skip: unlessInstalled('age') }, async () => {
    const identity = temporaryPath();
    writeFileSync(identity, x25519.identity.expose(), { mode: 0o600 });
    for (const size of [0, 1, CHUNK, 3 * CHUNK + 1]) {
      const plaintext = randomBytes(size);
      const input = await encrypted(plaintext);
      sameBytes(stock('age', ['--decrypt', '--identity', identity], { input }), plaintext);
    }
  });

  void it('begins with the header that people script against', async () => {
    const [version, ours, body, theirs] = (await encrypted(new Uint8Array(0))).toString('latin1').split('\n');
    assert.equal(version, 'age-encryption.org/v1');
    assert.equal(ours, `-> ${encodeFileStanza({ keyId, claim }).join(' ')}`);
    assert.equal(body, '');
    assert.match(theirs!, /^-> X25519 /);
  });

  void it('shows whoever unwraps the key its id, its claim and the other stanzas, and nothing of our own stanza', async () => {
    const seen: unknown[] = [];
    const unwrap: UnwrapFileKey = async (stanzas, ...named) => {
      seen.push(
        stanzas.map(({ args }) => args[0]),
        ...named,
      );
      return unwrapWith(x25519.identity)(stanzas, ...named);
    };
    const file = await encrypted(randomBytes(10));
    await decryptFile({ ...job, input: '-', output: '-', streams: streams(file), unwrap });
    assert.deepEqual(seen, [['X25519'], keyId, claim]);
  });

  void it('never repeats: the same content twice has another file key and another nonce', async () => {
    const [one, two] = [await encrypted(Buffer.alloc(100)), await encrypted(Buffer.alloc(100))];
    assert.notDeepEqual(one.subarray(-132), two.subarray(-132));
  });

  void it('is made for a device of ours only, not for a mistyped recipient', async () => {
    for (const recipient of ['age1qqqq', 'ssh-ed25519 AAAA', `${x25519.recipient}q`, 'age1tag1qqqq']) {
      await assert.rejects(
        encryptFile({ ...job, input: '-', output: temporaryPath(), recipients: [recipient], keyId, claim }),
        { code: 'invalid-argument' },
      );
    }
  });
});
