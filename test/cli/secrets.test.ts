/** Secrets come from files, standard input and prompts, never from arguments. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readInvitation, readPassword, readPasswordFile, readShareFile } from '#cli/secrets.ts';
import { UsageError } from '#cli/usage-error.ts';
import { INVITATION_BYTES_MAX, PASSWORD_BYTES_MAX } from '#domain/limits.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { REFUSED } from '#test/sentences/refused.ts';

const inFolder = temporaryFolder('secrets');
let made = 0;

function file(content: string | Uint8Array): string {
  made += 1;
  const path = inFolder(`secret-${made}`);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

async function* input(...chunks: readonly string[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

const noPerson = { inputIsPerson: false, input: input() };

test('one trailing newline of a password file is dropped, and one mark before it; spaces count', async () => {
  for (const [content, password] of [
    ['sesame', 'sesame'],
    ['sesame\n', 'sesame'],
    ['sesame\r\n', 'sesame'],
    [' sesame \n', ' sesame '],
    ['\ufeffsesame\r\n', 'sesame'],
  ] as const) {
    assert.equal(await readPasswordFile(file(content)), password, JSON.stringify(content));
  }
});

test('a password file that nobody could type is refused with the reason', async () => {
  const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
  for (const [content, message] of [
    ['two\nlines\n', REFUSED['invalid-argument'].severalLines],
    ['sesame\n\n', REFUSED['invalid-argument'].severalLines],
    ['sesame\r', REFUSED['invalid-argument'].severalLines],
    [utf16('sesame'), REFUSED['invalid-argument'].zeroBytes],
    [utf16('\ufeffsesame'), /is UTF-16$/],
    [utf16('\ufeffsesame').swap16(), /is UTF-16$/],
    ['tab\tand escape\u001b', REFUSED['invalid-argument'].controlCharacter],
    [Buffer.from('s\u00e9same', 'latin1'), REFUSED['invalid-argument'].notUtf8],
  ] as const) {
    await assert.rejects(readPasswordFile(file(content)), { code: 'invalid-argument', message });
  }
});

test('a password file or a share that others can read is refused with the command that mends it', async () => {
  for (const read of [readPasswordFile, readShareFile]) {
    const path = file('sesame');
    for (const mode of [0o640, 0o604, 0o620, 0o666]) {
      chmodSync(path, mode);
      await assert.rejects(read(path), {
        code: 'password-exposed',
        sentence: REFUSED['password-exposed'].closeIt(path),
      });
    }
    chmodSync(path, 0o400);
    assert.equal(await read(path), 'sesame');
  }
});

test('a pipe has no mode, so a password comes through one as before', () => {
  const program = "console.log(await (await import('#cli/secrets.ts')).readPasswordFile(process.argv[1]))";
  const node = `'${process.execPath}' --disable-warning=ExperimentalWarning --input-type=module --eval "${program}"`;
  const cwd = join(import.meta.dirname, '../..');
  const read = (script: string): string => execFileSync('bash', ['-c', script], { cwd, encoding: 'utf8' });
  assert.equal(read(`umask 000; ${node} <(echo sesame)`), 'sesame\n');
  assert.equal(read(`umask 000; echo sesame | ${node} /dev/stdin`), 'sesame\n');
});

test('an empty password is refused', async () => {
  for (const content of ['', '\n', '\r\n']) {
    await assert.rejects(readPasswordFile(file(content)), { code: 'password-weak' });
  }
});

test('a file that cannot be a password is refused before it fills the memory', async () => {
  await assert.rejects(readPasswordFile(file('x'.repeat(PASSWORD_BYTES_MAX + 1))), {
    code: 'invalid-argument',
  });
  await assert.rejects(readPasswordFile('/dev/zero'), { code: 'invalid-argument' });
  await assert.rejects(readPasswordFile(file(Buffer.from([0xff, 0xfe, 0x00]))), { code: 'invalid-argument' });
  const folder = inFolder('folder');
  mkdirSync(folder);
  await assert.rejects(readPasswordFile(folder), {
    code: 'invalid-argument',
    message: REFUSED['invalid-argument'].aDirectory,
  });
});

test('without a file and without a person to ask, it is wrong usage and names the option', async () => {
  const question = { text: 'Password', twice: false };
  await assert.rejects(readPassword(undefined, noPerson, question), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.sentence, REFUSED['invalid-argument'].passwordFile);
    return true;
  });
  assert.equal(await readPassword(file('sesame\n'), noPerson, question), 'sesame');
});

test('an invitation is read from a file or from standard input, without what surrounds it', async () => {
  assert.equal(await readInvitation(file('  invitation\r\n'), noPerson), 'invitation');
  assert.equal(
    await readInvitation('-', { inputIsPerson: false, input: input('invi', 'tation\n') }),
    'invitation',
  );
});

test('an empty or endless invitation is refused', async () => {
  await assert.rejects(readInvitation('-', noPerson), { code: 'invitation-invalid' });
  await assert.rejects(readInvitation(file(' \n'), noPerson), { code: 'invitation-invalid' });
  const endless = { inputIsPerson: false, input: input('x'.repeat(INVITATION_BYTES_MAX), 'x') };
  await assert.rejects(readInvitation('-', endless), { code: 'invalid-argument' });
});

test('an invitation pasted in the place of a file is refused and not repeated', async () => {
  await assert.rejects(readInvitation('keystair-invitation-1.abc.def', noPerson), (error) => {
    assert.ok(error instanceof UsageError);
    assert.doesNotMatch(error.sentence, /abc/);
    return true;
  });
});
