/** A run of crashes comes to an end, whatever a server does. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { within } from './within.ts';
import { openWorkplace } from './workplace.ts';

test('a round that waits for a server that neither serves nor ends is given up, and says what it waits for', async () => {
  const workplace = openWorkplace();
  try {
    const waiting = spawn('sleep', ['infinity']);
    workplace.keep(waiting);
    await assert.rejects(
      within(workplace, 'a server starts', () => sleep(1_000_000, undefined, { ref: false }), 500),
      ({ message }: Error) => {
        assert.ok(message.startsWith('not over after 0.5 s: a server starts\n'), message);
        assert.ok(message.includes(`\nprocess ${waiting.pid}: sleep S (sleeping) in `), message);
        return true;
      },
    );
    assert.equal(await within(workplace, 'what is over', () => Promise.resolve(7)), 7);
  } finally {
    workplace.clear();
  }
});
