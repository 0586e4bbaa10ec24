/** Encrypting and decrypting whole files: round trips, other programs of the format, and everything that must fail. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { Decrypter, Encrypter, Stanza } from 'age-encryption';
import { decryptFile, readFileStanza, type UnwrapFileKey } from '#agent/files/decrypt-file.ts';
import { encryptFile } from '#agent/files/encrypt-file.ts';
import type { StandardStreams } from '#agent/files/file-streams.ts';
import { AGE_ALGORITHMS, makeAgeIdentity, unwrapFileKey } from '#crypto/age-identity.ts';
import { KeystairError } from '#domain/errors.ts';
import { encodeFileStanza } from '#domain/file-stanza.ts';
import type { KeyMaterial } from '#domain/key-material.ts';
import { stock, unlessInstalled } from '../system-tools.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const path = temporaryFolder('files');
const CHUNK = 64 * 1024;

const keyId = randomUUID();
const claim = Uint8Array.from(randomBytes(16));
const hybrid = await makeAgeIdentity('age-mlkem768x25519');
const x25519 = await makeAgeIdentity('age-x25519');

/** A sink that keeps what it got. */
function sink(): { stream: Writable; bytes: () => Buffer } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, bytes: () => Buffer.concat(chunks) };
}

function streams(stdin: Uint8Array = new Uint8Array(0), stdout: Writable = sink().stream): StandardStreams {
  return { stdin: Readable.from([stdin].filter((bytes) => bytes.length > 0)), stdout };
}

function unwrapWith(identity: KeyMaterial): UnwrapFileKey {
  return async (stanzas) => {
    const fileKey = await unwrapFileKey(identity, stanzas);
    if (fileKey === null) throw new KeystairError('key-unavailable', 'not for this identity');
    return fileKey;
  };
}

const job = { streams: streams(), random: (bytes: number) => Uint8Array.from(randomBytes(bytes)) };

async function encrypted(plaintext: Uint8Array, recipient = x25519.recipient): Promise<Buffer> {
  const out = sink();
  const recipients = [recipient];
  await encryptFile({
    ...job,
    input: '-',
    output: '-',
    streams: streams(plaintext, out.stream),
    recipients,
    keyId,
    claim,
  });
  return out.bytes();
}

async function decrypted(file: Uint8Array, identity = x25519.identity): Promise<Buffer> {
  const out = sink();
  const opened = {
    ...job,
    input: '-',
    output: '-',
    streams: streams(file, out.stream),
    unwrap: unwrapWith(identity),
  };
  assert.deepEqual(await decryptFile(opened), { keyId });
  return out.bytes();
}

/** Decrypts to a path, where a failure must leave nothing. */
async function refused(file: Uint8Array, unwrap = unwrapWith(x25519.identity)): Promise<KeystairError> {
  const folder = temporaryPath();
  writeFileSync(`${folder}.age`, file);
  try {
    await decryptFile({ ...job, input: `${folder}.age`, output: folder, unwrap });
  } catch (error) {
    assert.ok(error instanceof KeystairError, String(error));
    assert.ok(!leftovers(folder).some((name) => name.includes('partial')));
    assert.throws(() => statSync(folder), { code: 'ENOENT' });
    return error;
  }
  return assert.fail('accepted');
}

function temporaryPath(): string {
  return path(randomUUID());
}

function leftovers(output: string): string[] {
  return readdirSync(dirname(output)).filter((name) => name.startsWith('.'));
}

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
        assert.deepEqual(readFileSync(output), plaintext);
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
      assert.deepEqual(Buffer.from(await decrypter.decrypt(file)), plaintext);
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
        assert.deepEqual(await decrypted(file, made.identity), Buffer.from(plaintext));
      }
    });
  }

  void it('is opened by stock age with the identity', { skip: unlessInstalled('age') }, async () => {
    const identity = temporaryPath();
    writeFileSync(identity, x25519.identity.expose(), { mode: 0o600 });
    for (const size of [0, 1, CHUNK, 3 * CHUNK + 1]) {
      const plaintext = randomBytes(size);
      const input = await encrypted(plaintext);
      assert.deepEqual(stock('age', ['--decrypt', '--identity', identity], { input }), plaintext);
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
    assert.match(error.message, /header was altered/);
  });

  void it('does not get past a claim that was exchanged for another: the MAC covers it', async () => {
    const file = await encrypted(randomBytes(200));
    const text = file.toString('latin1').replace(encodeFileStanza({ keyId, claim })[2], 'A'.repeat(22));
    assert.match((await refused(Buffer.from(text, 'latin1'))).message, /header was altered/);
  });

  void it('is refused with a wrong file key before any of the payload is looked at', async () => {
    const file = await encrypted(randomBytes(200));
    for (const length of [16, 15, 32, 0]) {
      const error = await refused(file, async () => Uint8Array.from(randomBytes(length)));
      assert.match(error.message, /header was altered, or is not of key/);
    }
  });

  void it('hands on why its key is not to be had', async () => {
    const error = await refused(await encrypted(randomBytes(9)), unwrapWith(hybrid.identity));
    assert.equal(error.code, 'key-unavailable');
  });

  void it('cut off at a chunk boundary or with something appended leaves no output', async () => {
    const file = await encrypted(randomBytes(2 * CHUNK));
    assert.match((await refused(file.subarray(0, -(CHUNK + 16)))).message, /cut off/);
    assert.match((await refused(Buffer.concat([file, Buffer.from('x')]))).message, /follows the end/);
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
    assert.deepEqual(out.bytes(), plaintext.subarray(0, 2 * CHUNK));
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
    const armored = stock('age', ['--armor', '--recipient', x25519.recipient], { input });
    assert.match((await refused(armored)).message, /armored/);
  });
});

void describe('an output file', () => {
  const recipients = [x25519.recipient];

  void it('is never overwritten unless forced, and then in one step', async () => {
    const output = temporaryPath();
    writeFileSync(output, 'precious');
    const encrypt = { ...job, input: '-', output, recipients, keyId, claim };
    await assert.rejects(encryptFile({ ...encrypt, streams: streams(Buffer.from('new')) }), {
      code: 'file-exists',
    });
    assert.equal(readFileSync(output, 'utf8'), 'precious');
    await encryptFile({ ...encrypt, streams: streams(Buffer.from('new')), force: true });
    assert.equal((await decrypted(readFileSync(output))).toString(), 'new');
  });

  void it('that somebody made meanwhile is not overwritten either', async () => {
    const output = temporaryPath();
    const meanwhile = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from('new');
      writeFileSync(output, 'precious');
    };
    const standard = { ...streams(), stdin: Readable.from(meanwhile()) };
    await assert.rejects(
      encryptFile({ ...job, input: '-', output, recipients, keyId, claim, streams: standard }),
      {
        code: 'file-exists',
      },
    );
    assert.equal(readFileSync(output, 'utf8'), 'precious');
    assert.deepEqual(leftovers(output), []);
  });

  void it('may be the input itself when forced, and is whole in either form', async () => {
    const both = temporaryPath();
    const plaintext = randomBytes(3 * CHUNK);
    writeFileSync(both, plaintext);
    await encryptFile({ ...job, input: both, output: both, force: true, recipients, keyId, claim });
    await decryptFile({
      ...job,
      input: both,
      output: both,
      force: true,
      unwrap: unwrapWith(x25519.identity),
    });
    assert.deepEqual(readFileSync(both), plaintext);
  });

  void it('is a regular file: a device, a folder or a link to nowhere is not replaced by accident', async () => {
    const dangling = temporaryPath();
    symlinkSync(temporaryPath(), dangling);
    const encrypt = { ...job, input: '-', recipients, keyId, claim };
    for (const force of [false, true]) {
      await assert.rejects(encryptFile({ ...encrypt, output: '/dev/null', force }), {
        code: 'invalid-argument',
      });
      await assert.rejects(encryptFile({ ...encrypt, output: dirname(dangling), force }), {
        code: 'invalid-argument',
      });
    }
    await assert.rejects(encryptFile({ ...encrypt, output: dangling }), { code: 'file-exists' });
  });

  void it('is gone with everything of it when it is stopped half-way', async () => {
    const output = temporaryPath();
    const stop = new AbortController();
    const endless = async function* (): AsyncGenerator<Buffer> {
      for (let given = 0; ; given += 1) {
        if (given === 30) stop.abort();
        yield randomBytes(CHUNK);
      }
    };
    const standard = { ...streams(), stdin: Readable.from(endless()) };
    await assert.rejects(
      encryptFile({
        ...job,
        input: '-',
        output,
        recipients,
        keyId,
        claim,
        streams: standard,
        signal: stop.signal,
      }),
      { code: 'interrupted' },
    );
    assert.throws(() => statSync(output), { code: 'ENOENT' });
    assert.deepEqual(leftovers(output), []);
  });

  void it('is stopped even while the input says nothing', async () => {
    const output = temporaryPath();
    const stop = new AbortController();
    const silent = { ...streams(), stdin: new Readable({ read: () => {} }) };
    const stopped = encryptFile({
      ...job,
      input: '-',
      output,
      recipients,
      keyId,
      claim,
      streams: silent,
      signal: stop.signal,
    });
    setTimeout(() => stop.abort(), 20);
    await assert.rejects(stopped, { code: 'interrupted' });
    assert.deepEqual(leftovers(output), []);
  });

  void it('that cannot be written, or an input that cannot be read, is said with what to do', async () => {
    const encrypt = { ...job, recipients, keyId, claim };
    const [input, folder] = [temporaryPath(), path('.')];
    writeFileSync(input, 'x');
    await assert.rejects(encryptFile({ ...encrypt, input: temporaryPath(), output: '-' }), {
      code: 'not-found',
    });
    await assert.rejects(encryptFile({ ...encrypt, input: folder, output: '-' }), {
      code: 'invalid-argument',
    });
    await assert.rejects(encryptFile({ ...encrypt, input, output: `${temporaryPath()}/a` }), {
      code: 'not-found',
    });
    await assert.rejects(encryptFile({ ...encrypt, input, output: `${input}/a` }), { code: 'not-found' });
  });

  void it('on a full disk is said to be so', async () => {
    const full = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('full'), { code: 'ENOSPC' })),
    });
    await assert.rejects(
      encryptFile({
        ...job,
        input: '-',
        output: '-',
        recipients,
        keyId,
        claim,
        streams: streams(randomBytes(9), full),
      }),
      { code: 'disk-full' },
    );
  });

  void it('whose reader has left ends the work', async () => {
    const left = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('left'), { code: 'EPIPE' })),
    });
    await assert.rejects(
      encryptFile({
        ...job,
        input: '-',
        output: '-',
        recipients,
        keyId,
        claim,
        streams: streams(randomBytes(9), left),
      }),
      { code: 'interrupted' },
    );
  });
});
