/** A secret in a file is read whole and as it was written, or not at all, and nobody else could have read it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { NamedFileFault, readGuardedSecret, readOpenFile } from '#disk/named-file.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';

const inFolder = temporaryFolder('named-file');
const BYTES_MAX = 64;

function written(text: string, mode = 0o600): string {
  const path = inFolder('secret');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function faultOf(read: () => string): NamedFileFault {
  try {
    read();
  } catch (cause) {
    assert.ok(cause instanceof NamedFileFault);
    return cause;
  }
  throw new Error('it was read');
}

test('only the end of the last line is no part of a secret', () => {
  assert.equal(readGuardedSecret(written(' pass word \r\n'), BYTES_MAX), ' pass word ');
  assert.equal(readGuardedSecret(written('two\n\n'), BYTES_MAX), 'two\n');
});

test('a secret that others can read is refused with what closes it, a certificate is not', () => {
  const path = written('a secret of ours', 0o644);
  const { exposed, message } = faultOf(() => readGuardedSecret(path, BYTES_MAX));
  assert.notEqual(exposed, undefined);
  assert.match(message, /chmod 600/);
  assert.doesNotMatch(message, /of ours/);
  assert.equal(readOpenFile(path, BYTES_MAX), 'a secret of ours');
});

test('what is missing, empty or too long is said so, and no more of a file is read than may be in it', () => {
  const read = (path: string) => faultOf(() => readGuardedSecret(path, BYTES_MAX));
  assert.match(read(inFolder('not there')).because, /ENOENT/);
  assert.match(read(written('\n')).because, /empty/);
  assert.equal(readGuardedSecret(written('x'.repeat(BYTES_MAX)), BYTES_MAX).length, BYTES_MAX);
  assert.match(read(written('x'.repeat(BYTES_MAX + 1))).because, /longer than 64 bytes/);
  // It never ends.
  assert.match(faultOf(() => readOpenFile('/dev/zero', BYTES_MAX)).because, /longer than 64 bytes/);
});

test('a pipe gives its secret, piece by piece', () => {
  const read = `import { readGuardedSecret } from '${import.meta.resolve('#disk/named-file.ts')}';
    process.stdout.write(readGuardedSecret('/dev/stdin', ${BYTES_MAX}));`;
  const pieces = '(printf "one "; sleep 0.1; printf "two\\n") | "$0" --input-type=module -e "$1"';
  assert.equal(execFileSync('sh', ['-c', pieces, process.execPath, read], { encoding: 'utf8' }), 'one two');
});
