/** One process at a time uses a data directory. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { KeystairError } from '#domain/errors.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { openIn, record, refuses, withDirectory } from './data-directory.ts';
import { startWriter } from './writing-child.ts';

void test(
  'a second process is refused, told which process it is, and may come when that is gone',
  { timeout: 60_000 },
  () =>
    withDirectory(async (directory) => {
      const writer = startWriter({ directory, first: 0, works: 1, rows: 1 });
      await writer.acknowledges(1);
      await assert.rejects(openIn(directory), (error) => {
        assert.ok(error instanceof KeystairError);
        if (process.platform === 'linux') assert.deepEqual(error.details, { pid: writer.process.pid });
        return refuses('data-in-use', directory, REFUSED['data-in-use'].talkToIt)(error);
      });
      const seen = writer.acknowledged.length;
      await writer.acknowledges(seen + 10);
      writer.process.kill('SIGKILL');
      await writer.ended;
      const store = await openIn(directory);
      assert.ok((await store.reader.head()).seq >= seen + 10);
      await store.close();
    }),
);

void test('the same process cannot open a data directory twice, nor loosen its own lock by trying', () =>
  withDirectory(async (directory) => {
    const store = await openIn(directory);
    for (let time = 0; time < 2; time += 1) {
      await assert.rejects(
        openIn(directory),
        refuses('data-in-use', directory, REFUSED['data-in-use'].status),
      );
    }
    const writer = startWriter({ directory, first: 0, works: 1, rows: 1 });
    assert.match((await writer.ended).complaint, /data-in-use/);
    await store.close();
    await (await openIn(directory)).close();
  }));

void test('a copy of a data directory that is in use is a directory of its own', () =>
  withDirectory(async (directory) => {
    const store = await openIn(directory);
    await record(store, 0, 5);
    const copy = join(directory, '..', 'copy');
    // By another process: a descriptor that this one closes would take its locks along.
    copyByOther(directory, copy);
    const copied = await openIn(copy);
    assert.equal((await copied.reader.head()).seq, 5);
    await copied.close();
    await record(store, 5, 5);
    await store.close();
  }));

function copyByOther(from: string, to: string): void {
  assert.equal(spawnSync('cp', ['-a', from, to]).status, 0);
}
