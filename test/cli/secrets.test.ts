/** Secrets come from files, standard input and prompts, never from arguments. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { readInvitation, readPassword, readPasswordFile } from '#cli/secrets.ts';
import { UsageError } from '#cli/usage-error.ts';
import { INVITATION_BYTES_MAX, PASSWORD_BYTES_MAX } from '#domain/limits.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';

const inFolder = temporaryFolder('secrets');
let made = 0;

function file(content: string | Uint8Array): string {
  made += 1;
  const path = inFolder(`secret-${made}`);
  writeFileSync(path, content);
  return path;
}

async function* input(...chunks: readonly string[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

const noPerson = { inputIsPerson: false, input: input() };

test('one trailing newline of a password file is dropped, and nothing else', async () => {
  for (const [content, password] of [
    ['sesame', 'sesame'],
    ['sesame\n', 'sesame'],
    ['sesame\r\n', 'sesame'],
    ['sesame\n\n', 'sesame\n'],
    [' sesame \n', ' sesame '],
    ['two\nlines\n', 'two\nlines'],
    ['sesame\r', 'sesame\r'],
    ['\ufeffsesame', '\ufeffsesame'],
  ] as const) {
    assert.equal(await readPasswordFile(file(content)), password, JSON.stringify(content));
  }
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
  await assert.rejects(readPasswordFile(folder), { code: 'invalid-argument', message: /is a directory$/ });
});

test('without a file and without a person to ask, it is wrong usage and names the option', async () => {
  const question = { text: 'Password', twice: false };
  await assert.rejects(readPassword(undefined, noPerson, question), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.sentence, /--password-file FILE/);
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
