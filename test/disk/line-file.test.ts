/** A file of lines that grows while others rotate it: whole lines, its owner's alone, through a full disk too. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LineFile } from '#disk/line-file.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { mountSmallDisk, unlessRoot } from '#test/support/small-disk.ts';

const inFolder = temporaryFolder('lines');
const opened: LineFile[] = [];
after(() => Promise.all(opened.map((file) => file.close())));

function at(path: string): LineFile {
  const file = new LineFile(path);
  opened.push(file);
  return file;
}

const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n');

test('lines are added, whatever was there, to a file for its owner alone', async () => {
  const path = inFolder('plain');
  const before = process.umask(0);
  const file = at(path);
  await file.append(['one', 'two']).finally(() => process.umask(before));
  await file.append(['three']);
  await file.flush();
  await at(path).append(['four']);
  assert.deepEqual(linesOf(path), ['one', 'two', 'three', 'four', '']);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a file that was renamed away gets nothing more, and the next lines are in a new one', async () => {
  const path = inFolder('rotated');
  const file = at(path);
  await file.append(['one']);
  renameSync(path, `${path}.1`);
  assert.equal(existsSync(path), false);
  await file.append(['two']);
  renameSync(path, `${path}.2`);
  // As `logrotate` with `create` does.
  writeFileSync(path, '', { mode: 0o640 });
  await file.append(['three']);
  assert.deepEqual(
    [linesOf(`${path}.1`), linesOf(`${path}.2`), linesOf(path)].map((all) => all.join()),
    ['one,', 'two,', 'three,'],
  );
});

test('a line that broke off before a restart stays alone, and the next one is whole', async () => {
  const path = inFolder('torn');
  await at(path).append(['{"whole":1}']);
  appendFileSync(path, '{"brok');
  await at(path).append(['{"broken":2}']);
  assert.deepEqual(linesOf(path), ['{"whole":1}', '{"brok', '{"broken":2}', '']);
});

test('no link is followed, and nothing is written where others may put files or write', async () => {
  const target = inFolder('target');
  writeFileSync(target, '');
  symlinkSync(target, inFolder('link'));
  await assert.rejects(at(inFolder('link')).append(['one']), /symbolic link/);
  mkdirSync(inFolder('open'));
  chmodSync(inFolder('open'), 0o777);
  await assert.rejects(at(join(inFolder('open'), 'file')).append(['one']), /other users may write/);
  writeFileSync(inFolder('shared'), '');
  chmodSync(inFolder('shared'), 0o666);
  await assert.rejects(at(inFolder('shared')).append(['one']), /other users may write/);
  mkdirSync(inFolder('folder'));
  await assert.rejects(at(inFolder('folder')).append(['one']), /not a regular file/);
  assert.equal(readFileSync(target, 'utf8'), '');
});

test('a full disk fails the lines, and when there is space they are written whole', {
  skip: unlessRoot(),
}, async () => {
  const disk = mountSmallDisk(inFolder('small'), 1);
  const path = join(disk.path, 'log');
  const file = at(path);
  await file.append(['first']);
  disk.fill();
  const long = 'x'.repeat(3000);
  let written = 0;
  // The page that the file has already takes some more.
  await assert.rejects(async () => {
    for (;;) {
      await file.append([long]);
      written += 1;
    }
  }, /no space is left/);
  disk.empty();
  await file.append([long, 'last']);
  const lines = linesOf(path);
  assert.deepEqual([lines[0], lines.at(-2), lines.at(-1)], ['first', 'last', '']);
  assert.equal(lines.filter((line) => line === long).length, written + 1);
  const broken = lines.slice(1, -2).filter((line) => line !== long);
  assert.ok(
    broken.every((line) => long.startsWith(line)),
    'what broke off stands alone',
  );
});
