/** The key file: made once, closed to others, and never written over. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { createKeyFile, readKeyFile } from '#crypto/seal/key-file.ts';
import { type ErrorCode, KeystairError } from '#domain/errors.ts';
import { KEY_FILE_BYTES_MAX } from '#domain/limits.ts';
import { REFUSED } from '#test/sentences/refused.ts';

const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
const directory = mkdtempSync(join(tmpdir(), 'keystair-key-file-'));
after(() => rmSync(directory, { recursive: true }));

let made = 0;
const newPath = (): string => join(directory, `key-${(made += 1)}`);

/** Asserts a refusal whose text, with all that hangs off it, holds none of `content`'s last line. */
function refused(action: () => unknown, code: ErrorCode, sentence: RegExp, content = ''): void {
  assert.throws(action, (error: unknown) => {
    assert.ok(error instanceof KeystairError, String(error));
    assert.equal(error.code, code);
    assert.match(error.sentence, sentence);
    assert.ok(error.nextStep !== undefined, 'names the next step');
    const secret = content.split('\n').findLast((line) => line !== '');
    if (secret !== undefined && secret.length >= 8) {
      assert.ok(
        !inspect(error, { depth: 9, showHidden: true }).includes(secret.slice(0, 8)),
        'never the content',
      );
    }
    return true;
  });
}

void test('a key file made here reads back, and only its owner can open it', () => {
  const path = newPath();
  const key = createKeyFile(path, random);
  assert.equal(key.length, 32);
  assert.deepEqual(readKeyFile(path), key);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

void test('a person who opens a key file reads what it is', () => {
  const path = newPath();
  createKeyFile(path, random);
  assert.match(readFileSync(path, 'utf8'), /^# Keystair key file.*\n(#.*\n)*[A-Za-z0-9+/]{43}=\n$/);
});

void test('an odd umask makes the key file neither wider nor useless', () => {
  const before = process.umask(0);
  try {
    for (const mask of [0, 0o277, 0o777]) {
      process.umask(mask);
      const path = newPath();
      createKeyFile(path, random);
      assert.equal(statSync(path).mode & 0o777, 0o600);
    }
  } finally {
    process.umask(before);
  }
});

void test('a key file is never written over anything', () => {
  const path = newPath();
  const key = createKeyFile(path, random);
  refused(() => createKeyFile(path, random), 'file-exists', /already/);
  assert.deepEqual(readKeyFile(path), key);
  const dangling = newPath();
  symlinkSync(newPath(), dangling);
  refused(() => createKeyFile(dangling, random), 'file-exists', /already/);
});

void test('where no key file can be written, the sentence says why and nothing is left', () => {
  const nowhere = join(directory, 'no-such-directory', 'key');
  refused(() => createKeyFile(nowhere, random), 'data-not-writable', /ENOENT/);
  assert.ok(!readdirSync(directory).includes('no-such-directory'));
});

void test('a missing key file is called missing', () => {
  refused(() => readKeyFile(newPath()), 'root-key-missing', REFUSED['root-key-missing'].copyKeptElsewhere);
  const path = newPath();
  createKeyFile(path, random);
  refused(() => readKeyFile(join(path, 'key')), 'root-key-missing', REFUSED['root-key-missing'].thereIsNone);
});

void test('a key file that group or others can read, write or run is refused with the chmod that mends it', () => {
  const path = newPath();
  const key = createKeyFile(path, random);
  for (const bits of [0o040, 0o020, 0o010, 0o004, 0o002, 0o001, 0o077]) {
    chmodSync(path, 0o600 | bits);
    refused(() => readKeyFile(path), 'root-key-exposed', /chmod 600 /, readFileSync(path, 'utf8'));
  }
  chmodSync(path, 0o400);
  assert.deepEqual(readKeyFile(path), key, 'read-only for the owner is fine');
});

void test('the chmod that is shown works as it stands, for a path with blanks and quotes too', () => {
  const folder = join(directory, "Lyon's keys; $(false)");
  mkdirSync(folder);
  const path = join(folder, 'key');
  const key = createKeyFile(path, random);
  chmodSync(path, 0o644);
  try {
    readKeyFile(path);
    assert.fail('an open key file was read');
  } catch (error) {
    assert.ok(error instanceof KeystairError);
    execFileSync('sh', ['-c', error.nextStep!.replace(/^run: /, '')]);
  }
  assert.deepEqual(readKeyFile(path), key);
});

void test("another user's file is refused, unless we are root", () => {
  // Owned by root and readable by all, wherever there are users at all.
  const path = '/etc/passwd';
  const root = process.geteuid!() === 0;
  if (root) process.seteuid!(65534);
  try {
    refused(() => readKeyFile(path), 'root-key-exposed', REFUSED['root-key-exposed'].ofAnotherUser);
  } finally {
    if (root) process.seteuid!(0);
  }
});

void test('root reads a key file that belongs to the user the server runs as', (t) => {
  if (process.geteuid!() !== 0) return t.skip('only root can give a file to another user');
  const path = newPath();
  const key = createKeyFile(path, random);
  chownSync(path, 65534, 65534);
  assert.deepEqual(readKeyFile(path), key);
});

void test('an empty, cut, padded or foreign file is refused as no key file', () => {
  const whole = newPath();
  const key = createKeyFile(whole, random);
  const text = readFileSync(whole, 'utf8');
  const line = Buffer.from(key).toString('base64');
  const path = newPath();
  const holds = (content: string): void => {
    writeFileSync(path, content, { mode: 0o600 });
    refused(() => readKeyFile(path), 'root-key-wrong', REFUSED['root-key-wrong'].notWhole, content);
  };
  for (let size = 0; size < text.length - 1; size += 1) holds(text.slice(0, size));
  holds(`${text}\n`);
  holds(`${text}${line}\n`);
  holds(`${line.slice(0, -1)}\n`);
  holds(` ${line}\n`);
  holds(`${'A'.repeat(42)}B=\n`);
  holds(Buffer.alloc(32, 7).toString('base64url'));
  holds('-----BEGIN PRIVATE KEY-----\n');
  holds(`# ${'x'.repeat(5000)}\n${line}\n`);
  // One byte over the limit is where reading stops: what lies behind it must not go unseen.
  holds(`#${'x'.repeat(KEY_FILE_BYTES_MAX + 1 - 2 - line.length)}\n${line}junk`);
  writeFileSync(path, line, { mode: 0o600 });
  assert.deepEqual(readKeyFile(path), key, 'the bare line, as a secret manager would hand it over');
});

void test('any content is either one key or refused', () => {
  const path = newPath();
  const content = fc.oneof(fc.string({ unit: 'binary' }), fc.base64String({ minLength: 40, maxLength: 48 }));
  fc.assert(
    fc.property(content, (text) => {
      writeFileSync(path, text, { mode: 0o600 });
      try {
        const key = readKeyFile(path);
        assert.equal(Buffer.from(key).toString('base64'), text.trimEnd());
      } catch (error) {
        assert.ok(error instanceof KeystairError && error.code === 'root-key-wrong', String(error));
      }
    }),
  );
});

void test('a directory or a named pipe in its place is refused at once', () => {
  const folder = newPath();
  mkdirSync(folder, { mode: 0o700 });
  refused(() => readKeyFile(folder), 'root-key-wrong', REFUSED['root-key-wrong'].notWhole);
  const pipe = newPath();
  execFileSync('mkfifo', ['-m', '600', pipe]);
  refused(() => readKeyFile(pipe), 'root-key-wrong', REFUSED['root-key-wrong'].notWhole);
});

void test('a link to a well-guarded key file is followed, one to an open file is not trusted', () => {
  const path = newPath();
  const key = createKeyFile(path, random);
  const link = newPath();
  symlinkSync(path, link);
  assert.deepEqual(readKeyFile(link), key);
  chmodSync(path, 0o640);
  refused(() => readKeyFile(link), 'root-key-exposed', /chmod 600/);
});
