/** Input and output of the agent's file commands: files, pipes, and what is there already. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { decryptFile } from '#agent/files/decrypt-file.ts';
import { encryptFile } from '#agent/files/encrypt-file.ts';
import { sameBytes } from '../same-bytes.ts';
import {
  path,
  CHUNK,
  keyId,
  claim,
  x25519,
  streams,
  unwrapWith,
  job,
  decrypted,
  temporaryPath,
  leftovers,
} from './whole-files.ts';

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
    sameBytes(readFileSync(both), plaintext);
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

  void it('is what a link names: the link stays, and one to a terminal or a pipe is never replaced', async () => {
    const [file, link, device] = [temporaryPath(), temporaryPath(), temporaryPath()];
    writeFileSync(file, 'what was there');
    symlinkSync(file, link);
    symlinkSync('/dev/null', device);
    const input = temporaryPath();
    writeFileSync(input, 'some content');
    const encrypt = { ...job, input, force: true, recipients, keyId, claim };
    await encryptFile({ ...encrypt, output: link });
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.match(readFileSync(file, 'latin1'), /^age-encryption\.org/);
    await assert.rejects(encryptFile({ ...encrypt, output: device }), { code: 'invalid-argument' });
    assert.ok(lstatSync(device).isSymbolicLink());
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
