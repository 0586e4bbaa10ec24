/** A secondary with few keys at a primary with many: no page of its recovery takes long, and no two run side by side. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Reader } from '#store/transaction.ts';
import { makeSomeKey } from '#test/support/machine-caller.ts';
import { type PlayedSecondary, playSecondary } from '#test/support/played-secondary.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

/** As docs/PROTOCOL.md has it, and the rows that are read together. */
const [SCANNED, TOGETHER] = [5000, 500];

let primary: ServerInProcess;
let secondary: PlayedSecondary;

before(async () => {
  primary = await openServer('Above', { heartbeats: false });
  await primary.call('changeSettings', { useHierarchy: true });
  secondary = await playSecondary(primary);
  await secondary.heartbeat();
  await primary.call('allowRecovery', { id: secondary.id });
  for (let made = 0; made <= SCANNED + TOGETHER; made += TOGETHER)
    await primary.record(...Array.from({ length: TOGETHER }, () => makeSomeKey()));
});

test('a page of ids looks through so many keys of others, and says where the next one begins', async () => {
  const answer = await secondary.calls.call('recoverable', { after: 0 });
  assert.ok(answer.outcome === 'page' && answer.keys.length === 0);
  assert.ok(answer.next !== null && answer.next <= SCANNED + TOGETHER, `the next begins at ${answer.next}`);
});

test('pages that one secondary asks for at once are read one after the other', async () => {
  const reader = primary.store.reader as { keysAfter: Reader['keysAfter'] };
  const keysAfter = reader.keysAfter.bind(reader);
  const read: number[] = [];
  reader.keysAfter = (after, ...more) => {
    read.push(after);
    return keysAfter(after, ...more);
  };
  await Promise.all([0, 0, 0].map((after) => secondary.calls.call('recoverable', { after })));
  const page = Array.from({ length: SCANNED / TOGETHER }, (_, at) => at * TOGETHER);
  assert.deepEqual(read, [...page, ...page, ...page]);
});
