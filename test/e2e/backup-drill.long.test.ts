/** The drill of `server backup --check`, killed or given up: nothing of it stays in its scratch place. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { REFUSED } from '#test/sentences/refused.ts';
import { backupPlace } from '#test/support/backup-place.ts';
import { eventually } from '#test/support/eventually.ts';
import { heldInTheMiddle, restoredKeys } from '#test/support/held-restore.ts';
import { makeDirectory } from '#test/support/made-directory.ts';
import { doneJson, refusedWith } from '#test/support/organisation.ts';
import { beginKeystair, runKeystair, signalTo } from '#test/support/run-keystair.ts';

const KEYS = 8000;
const { place, withPassword } = backupPlace('backup-drill');
const file = place.path('large.backup');

before(async () => {
  const data = place.path('large');
  await makeDirectory(data, 'Large', KEYS);
  const large = await place.server('Large', { data });
  await large.done(['server', 'backup', file, ...withPassword]);
  await large.stop();
});

const scratch = place.path('scratch');
const drill = (from: string): string[] => [
  'server',
  'backup',
  '--check',
  from,
  '--scratch',
  scratch,
  ...withPassword,
  '--json',
];
const inScratch = (): string => join(scratch, readdirSync(scratch).at(-1) ?? 'nothing');

test('a drill is killed (-9): the next one takes away what is left, and nothing of one that runs', async () => {
  mkdirSync(scratch);
  const killed = await heldInTheMiddle(file, drill, inScratch);
  process.kill(killed.pid, 'SIGKILL');
  await killed.ended;
  const left = readdirSync(scratch);
  assert.equal(left.length, 1);
  mkdirSync(join(scratch, 'keystair-check-empty'));

  const running = await heldInTheMiddle(file, drill, () =>
    join(scratch, readdirSync(scratch).find((name) => !left.includes(name)) ?? ''),
  );
  const [itsOwn] = readdirSync(scratch);
  assert.ok(itsOwn !== undefined && !left.includes(itsOwn));
  doneJson(await runKeystair(drill(file)));
  assert.deepEqual(readdirSync(scratch), [itsOwn], 'a drill that runs keeps its place');
  running.finish();
  assert.equal(doneJson(await running.ended)['ok'], true);
  assert.deepEqual(readdirSync(scratch), []);
});

test('Ctrl-C while a drill reads leaves nothing, though the rest never comes', async () => {
  const { pid, ended } = await heldInTheMiddle(file, drill, inScratch);
  process.kill(pid, 'SIGINT');
  assert.match(refusedWith(await ended, 'interrupted'), REFUSED.interrupted.again);
  assert.deepEqual(readdirSync(scratch), []);
});

test('Ctrl-C while a drill verifies leaves nothing', async () => {
  const ran = await eventually('a drill that verifies', async () => {
    const { pid, ended } = beginKeystair(drill(file));
    const state = { over: false };
    const watched = ended.finally(() => (state.over = true));
    await eventually('every key', () => state.over || restoredKeys(inScratch()) === KEYS);
    signalTo(pid, 'SIGINT');
    const outcome = await watched;
    return outcome.status === 0 ? undefined : outcome;
  });
  assert.match(refusedWith(ran, 'interrupted'), REFUSED.interrupted.drillStopped);
  assert.deepEqual(readdirSync(scratch), []);
});
