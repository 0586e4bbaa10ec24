/** A stick is met when it is plugged in, and also where nothing tells of that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchDisks } from '#agent/removable/watch-disks.ts';
import { path, standIn } from '../drives/images.ts';

/** Resolves when it looked that often and was stopped. */
async function looks(folders: readonly string[], wanted: number): Promise<number> {
  const stop = new AbortController();
  let count = 0;
  await watchDisks({
    stop: stop.signal,
    folders,
    look: async () => {
      count += 1;
      if (count >= wanted) stop.abort();
    },
  });
  return count;
}

test('an event of udev is a hint to look, and a thousand of them at once are one', async () => {
  const events = standIn('udevadm', '/usr/bin/seq 1000; exec /bin/sleep 600');
  assert.equal(await looks([events], 2), 2);
});

test('a monitor that ends, and a system without one, leave the looks that nobody asks for', async () => {
  assert.equal(await looks([standIn('udevadm', 'exit 1')], 2), 2);
  assert.equal(await looks([path('none')], 2), 2);
});
