/**
 * A file on systems that cannot do everything: shares, sticks, drop boxes. It is there whole, and what could not be
 * assured is said; or it is not there, nothing is left, and it is said why.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { hasTool, missing } from '#test/store/system-tools.ts';
import { unlessRoot } from '#test/support/small-disk.ts';

const inFolder = temporaryFolder('whole-file');
const skip = missing(hasTool('strace'), 'install strace to run this');
const WRITING = join(import.meta.dirname, 'writing-process.ts');
let folders = 0;

interface Written {
  readonly said: string;
  readonly folder: string;
  readonly path: string;
  /** Undefined where the file is not there. */
  readonly content: string | undefined;
  /** What else is in the folder. */
  readonly besides: readonly string[];
}

/** @param under the program and arguments under which it runs, in a folder of its own. */
function write(
  under: (folder: string) => readonly string[],
  how: 'force' | 'new' = 'new',
  taken?: string,
): Written {
  folders += 1;
  const folder = inFolder(`place-${folders}`);
  const path = join(folder, 'file');
  mkdirSync(folder);
  if (taken !== undefined) writeFileSync(path, taken);
  const [program, ...args] = [...under(folder), process.execPath, WRITING, path, how];
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  assert.notEqual(stdout, '', stderr);
  return {
    said: stdout,
    folder,
    path,
    content: existsSync(path) ? readFileSync(path, 'utf8') : undefined,
    besides: readdirSync(folder).filter((name) => name !== 'file'),
  };
}

const STRACE = 'strace -f -qq -o /dev/null -e'.split(' ');

/** Each of these calls fails on the folder, or on any path of the process where `everywhere`. */
function failing(calls: string, error: string, everywhere = false) {
  return (folder: string): readonly string[] => {
    const only = everywhere ? [] : ['-P', folder];
    return [...STRACE, `trace=${calls}`, ...only, '-e', `inject=${calls}:error=${error}`];
  };
}

void describe('a folder that cannot be flushed', { skip }, () => {
  for (const error of ['EINVAL', 'EOPNOTSUPP', 'ENOSYS']) {
    test(`because its system has no such call (${error}) holds the file all the same`, () => {
      const { said, content, besides } = write(failing('fsync', error));
      assert.deepEqual([said, content, besides], ['done', 'the content', []]);
    });
  }

  for (const how of ['new', 'force'] as const) {
    test(`because its disk fails holds the file, and that it may not last is said (${how})`, () => {
      const { said, path, content, besides } = write(failing('fsync', 'EIO'), how);
      assert.deepEqual([content, besides], ['the content', []]);
      assert.match(said, /^interrupted: /);
      assert.ok(said.includes(`${path} is complete, but a power failure may lose it`), said);
    });
  }

  test('because it may only be written into holds the file', { skip: unlessRoot() }, () => {
    const { said, content } = write((folder) => {
      chownSync(folder, 1, 1);
      chmodSync(folder, 0o1733);
      // Root that keeps to permissions; another user might not come to the program.
      return ['setpriv', '--bounding-set=-dac_override,-dac_read_search'];
    });
    assert.deepEqual([said, content], ['done', 'the content']);
  });
});

void describe('a file that cannot be linked', { skip }, () => {
  for (const error of ['EOPNOTSUPP', 'EPERM', 'EXDEV', 'EMLINK', 'EINVAL', 'ENOSYS']) {
    test(`gets its name by a rename (${error})`, () => {
      const { said, content, besides } = write(failing('link,linkat', error, true));
      assert.deepEqual([said, content, besides], ['done', 'the content', []]);
    });
  }

  test('does not replace what came to bear its name meanwhile', () => {
    // The early look at the name is made to find nothing.
    const { said, content, besides } = write(
      (folder) => [
        ...STRACE,
        'trace=link,linkat,statx,stat,lstat,newfstatat',
        '-e',
        'inject=link,linkat:error=EOPNOTSUPP',
        '-P',
        join(folder, 'file'),
        '-e',
        'inject=statx,stat,lstat,newfstatat:error=ENOENT',
      ],
      'new',
      'precious',
    );
    assert.match(said, /^file-exists: /);
    assert.deepEqual([content, besides], ['precious', []]);
  });
});

void describe('a file that cannot be written', { skip }, () => {
  for (const [calls, error, code] of [
    ['link,linkat', 'EIO', 'interrupted'],
    ['link,linkat', 'ESTALE', 'interrupted'],
    ['link,linkat', 'ENOSPC', 'disk-full'],
  ] as const) {
    test(`for ${error} of ${calls} is not there, nor is anything of it`, () => {
      const { said, content, besides } = write(failing(calls, error, true));
      assert.equal(said.split(':')[0], code, said);
      assert.match(said, REFUSED.interrupted.noFileLeft);
      assert.deepEqual([content, besides], [undefined, []]);
    });
  }

  test('and whose rest cannot be taken away either names that rest', () => {
    const { said, folder, content, besides } = write(() => [
      ...STRACE,
      'trace=link,linkat,unlink,unlinkat',
      '-e',
      'inject=link,linkat:error=EIO',
      '-e',
      'inject=unlink,unlinkat:error=EPERM',
    ]);
    assert.equal(content, undefined);
    assert.equal(besides.length, 1);
    assert.ok(said.includes(join(folder, besides[0]!)), said);
  });

  test('a second name that stays behind is told, and the file is there', () => {
    const { said, folder, content, besides } = write(failing('unlink,unlinkat', 'EPERM', true));
    assert.match(said, /^not-allowed: /);
    assert.equal(content, 'the content');
    assert.ok(said.includes(join(folder, besides[0]!)), said);
  });
});
