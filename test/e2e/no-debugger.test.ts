/** Nobody reads a server's memory by a debugger that a signal starts, or from what a crash leaves. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { organisation } from '#test/support/organisation.ts';

const place = organisation('no-debugger');

test('the signal of the debugger starts none, and a crash leaves no memory behind', async () => {
  const oslo = await place.server('Oslo');
  assert.match(readFileSync(`/proc/${oslo.pid}/limits`, 'utf8'), /^Max core file size +0 +0 /m);
  process.kill(oslo.pid, 'SIGUSR1');
  for (let more = 0; more < 3; more += 1) await oslo.call('serverStatus', {});
  // Node would open a port, say so on standard error, and be known by that port among the machine's own.
  assert.doesNotMatch(oslo.log, /debugger/i);
  await assert.rejects(fetch('http://127.0.0.1:9229/json/version'));
});
