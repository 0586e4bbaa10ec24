/**
 * Imports by hand, stopped in the middle: what was not confirmed leaves no trace, what was confirmed is carried to its
 * end, whoever is killed and however often.
 */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { before, test } from 'node:test';
import { REFUSED } from '#test/sentences/refused.ts';
import { beginImport, type HeldImport, recipientOf } from '#test/support/by-hand-commands.ts';
import { eventually } from '#test/support/eventually.ts';
import { goOn, inSteps } from '#test/support/in-steps.ts';
import { makeDirectory } from '#test/support/made-directory.ts';
import { organisation, refusedWith, type Server } from '#test/support/organisation.ts';
import { lookAtImport } from '#test/support/staged-look.ts';

/** Some 2.5 MB of file: long enough to be met in the middle. */
const KEYS = 5_000;
const place = organisation('import-stopped');
let from: Server;
let ids: string[];
/** Into which nothing was imported yet, whatever was tried. */
let empty: Server;
let file: string;
let size: number;

const fileFor = (target: Server): string => place.path(`to-${target.id}.age`);

async function exportedTo(target: Server): Promise<string> {
  const out = fileFor(target);
  await from.done(['keys', 'export', '--out', out, '--to', await recipientOf(target)]);
  return out;
}

before(async () => {
  const data = place.path('from');
  ids = await makeDirectory(data, 'From', KEYS);
  from = await place.server('From', { data });
  empty = await place.server('Empty');
  file = await exportedTo(empty);
  size = statSync(file).size;
});

/** Returns when a good part of the keys is staged and no more of the file comes. */
async function beginStaging(name: string, bytes: number): Promise<HeldImport> {
  const held = beginImport(empty, file, place.path(`${name}.pipe`), bytes);
  await eventually('staged keys', () => lookAtImport(empty.data).staged >= (KEYS / 3) * (bytes / size));
  return held;
}

async function nothingLeft(target: Server): Promise<void> {
  await eventually('an empty stage', () => lookAtImport(target.data).staged === 0);
  assert.deepEqual(lookAtImport(target.data), { recorded: 0, staged: 0, confirmed: 0 });
  assert.deepEqual(await target.keyIds(), []);
}

for (const [moment, part] of [
  ['while the file is sent', 0.5],
  ['when all but the end of the file is there', 1],
] as const) {
  const bytesOf = (): number => Math.floor(size * part) - 1;

  test(`the server is killed (-9) ${moment}: nothing is imported, then or after a restart`, async () => {
    const { ended } = await beginStaging(`killed-${part}`, bytesOf());
    await empty.kill();
    refusedWith(await ended, 'server-not-running');
    assert.ok(lookAtImport(empty.data).staged > 0, 'it was in the middle');
    await empty.restart();
    await nothingLeft(empty);
  });

  test(`Ctrl-C ${moment}: nothing is imported`, async () => {
    const { ended, pid } = await beginStaging(`given-up-${part}`, bytesOf());
    process.kill(pid, 'SIGINT');
    assert.match(refusedWith(await ended, 'interrupted'), REFUSED.interrupted.nothingImported);
    await nothingLeft(empty);
  });
}

test('the command is killed (-9) while it sends: nothing is imported', async () => {
  const { ended, pid } = await beginStaging('command-killed', Math.floor(size / 2));
  process.kill(pid, 'SIGKILL');
  await ended;
  await nothingLeft(empty);
});

test('after all that, the same file is imported whole, also through a pipe', async () => {
  const { ended, finish } = await beginStaging('whole', size - 1);
  finish();
  const ran = await ended;
  assert.equal(ran.status, 0, ran.stderr);
  assert.deepEqual(ran.json(), { new: KEYS, known: 0, conflicts: [], dryRun: false });
  await everythingThere(empty);
});

/** Returns when some keys are recorded and others are still staged; the server stands. */
async function beginApplying(target: Server): Promise<HeldImport> {
  const whole = await exportedTo(target);
  const held = beginImport(target, whole, `${whole}.pipe`, size - 1);
  held.finish();
  await inSteps(target.pid, 'a part that is recorded', () => lookAtImport(target.data).recorded > 0);
  return held;
}

/** Each key is either recorded or staged, and some are each. */
function isInTheMiddle(target: Server): void {
  const { recorded, staged, confirmed } = lookAtImport(target.data);
  assert.deepEqual([recorded + staged, confirmed], [KEYS, 1]);
  assert.ok(recorded > 0 && staged > 0, 'it was in the middle');
}

async function everythingThere(target: Server): Promise<void> {
  await eventually('every key', () => lookAtImport(target.data).confirmed === 0);
  assert.deepEqual(lookAtImport(target.data), { recorded: KEYS, staged: 0, confirmed: 0 });
  assert.deepEqual((await target.keyIds()).toSorted(), ids.toSorted());
  const { ok, keys, problems } = await target.call('verify', {});
  assert.deepEqual([ok, keys, problems], [true, KEYS, []]);
}

test('the server is killed (-9) again and again while a confirmed import is applied: it carries on by itself', async () => {
  const target = await place.server('Killed');
  const { ended } = await beginApplying(target);
  await target.kill();
  isInTheMiddle(target);
  assert.match(refusedWith(await ended, 'interrupted'), REFUSED.interrupted.importConfirmed);
  const { recorded } = lookAtImport(target.data);
  await target.restart();
  await target.kill();
  await target.restart();
  await eventually('more of it', () => lookAtImport(target.data).recorded > recorded);
  await target.kill();
  await target.restart();
  await everythingThere(target);
  const again = await target.done(['keys', 'import', fileFor(target)]);
  assert.deepEqual(again, { new: 0, known: KEYS, conflicts: [], dryRun: false });
});

test('Ctrl-C and a stop of the server after the confirmation: the command says it goes on, and so it does', async () => {
  const target = await place.server('Stopped');
  const { pid, ended } = await beginApplying(target);
  process.kill(pid, 'SIGINT');
  assert.match(refusedWith(await ended, 'interrupted'), /confirmed/);
  const stopping = target.stop();
  goOn(target.pid);
  await stopping;
  isInTheMiddle(target);
  await target.restart();
  await everythingThere(target);
});
