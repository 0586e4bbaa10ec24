/** Exports by hand, stopped in the middle: no half file under any name, and the next export is whole. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { REFUSED } from '#test/sentences/refused.ts';
import { beginExport, recipientOf, type RunningExport } from '#test/support/by-hand-commands.ts';
import { goOn, inSteps } from '#test/support/in-steps.ts';
import { makeDirectory } from '#test/support/made-directory.ts';
import { organisation, refusedWith, type Server } from '#test/support/organisation.ts';
import { beginKeystair } from '#test/support/run-keystair.ts';
import { mountSmallDisk, unlessRoot } from '#test/support/small-disk.ts';

/** Some 5 MB of file: long enough to be met in the middle. */
const KEYS = 10_000;
const place = organisation('export-stopped');
let from: Server;
let to: string;

before(async () => {
  const data = place.path('from');
  await makeDirectory(data, 'From', KEYS);
  from = await place.server('From', { data });
  to = await recipientOf(from);
});

const begin = (folder: string, ...more: readonly string[]): Promise<RunningExport> =>
  beginExport(from, place.path(folder), to, more);

async function exportWorks(out: string): Promise<void> {
  assert.deepEqual(await from.done(['keys', 'export', '--out', out, '--to', to]), {
    exported: KEYS,
    file: out,
  });
  const checked = await from.done(['keys', 'import', out, '--dry-run']);
  assert.deepEqual(checked, { new: 0, known: KEYS, conflicts: [], dryRun: true });
}

test('the server is killed (-9) in the middle of an export: no file, and the next export is whole', async () => {
  const { ended, folder, out } = await begin('killed');
  await from.kill();
  assert.match(refusedWith(await ended, 'interrupted'), REFUSED.interrupted.noFileLeft);
  assert.deepEqual(readdirSync(folder), []);
  await from.restart();
  await exportWorks(out);
});

for (const [who, kill] of [
  ['the server is killed (-9)', () => from.kill()],
  ['Ctrl-C', async (pid: number) => void process.kill(pid, 'SIGINT')],
] as const) {
  test(`${who} in the middle of an export to standard output: it is said that what is there is none`, async () => {
    const out = place.path(`redirected-${who.length}.age`);
    const command = beginKeystair(['keys', 'export', '--out', '-', '--to', to, '--data', from.data], {
      under: ['sh', '-c', `exec "$0" "$@" > ${out}`],
    });
    await inSteps(
      from.pid,
      'a part of the file',
      () => (statSync(out, { throwIfNoEntry: false })?.size ?? 0) > 0,
    );
    await kill(command.pid);
    const says = refusedWith(await command.ended, 'interrupted');
    assert.match(says, REFUSED.interrupted.outputNotWhole);
    if (from.alive) goOn(from.pid);
    await from.restart();
    refusedWith(await from.run(['keys', 'import', out]), 'export-unreadable');
  });
}

test('Ctrl-C in the middle of an export: no file, and what was there before stays', async () => {
  const { pid, ended, folder, out } = await begin('given-up');
  process.kill(pid, 'SIGINT');
  assert.match(refusedWith(await ended, 'interrupted'), REFUSED.interrupted.noFileLeft);
  assert.deepEqual(readdirSync(folder), []);
  goOn(from.pid);
  writeFileSync(out, 'what was there');
  const again = await begin('given-up', '--force');
  process.kill(again.pid, 'SIGINT');
  assert.match(refusedWith(await again.ended, 'interrupted'), REFUSED.interrupted.noFileLeft);
  goOn(from.pid);
  assert.deepEqual([readdirSync(folder), readFileSync(out, 'utf8')], [['out.age'], 'what was there']);
});

test('a server that stops in the middle of an export breaks it off, exits 0 and says what to do', async () => {
  const { ended, folder } = await begin('stopped');
  const stopping = from.stop();
  goOn(from.pid);
  await stopping;
  assert.match(refusedWith(await ended, 'interrupted'), REFUSED.interrupted.serverStopped);
  assert.deepEqual(readdirSync(folder), []);
  await from.restart();
});

test('the disk is full where the file is to be: no file, a message that names the place, and room mends it', {
  skip: unlessRoot(),
}, async () => {
  const disk = mountSmallDisk(place.path('full'), 32);
  const ballast = join(disk.path, 'ballast');
  writeFileSync(ballast, Buffer.alloc(28 * 1024 * 1024));
  const folder = join(disk.path, 'keys');
  mkdirSync(folder);
  const out = join(folder, 'out.age');
  const ran = await from.run(['keys', 'export', '--out', out, '--to', to, '--json']);
  assert.match(refusedWith(ran, 'disk-full'), REFUSED['disk-full'].noExport);
  assert.deepEqual(readdirSync(folder), []);
  writeFileSync(ballast, '');
  await exportWorks(out);
  assert.equal(statSync(out).mode & 0o777, 0o600);
});
