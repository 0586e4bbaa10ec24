/**
 * Backups and restores that are killed or given up in the middle: nothing half stands under any name, nothing
 * starts on what is left, and the same command works afterwards.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { REFUSED } from '#test/sentences/refused.ts';
import { beginCommand } from '#test/support/by-hand-commands.ts';
import { backupPlace } from '#test/support/backup-place.ts';
import { digestOver } from '#test/support/digest-over-keys.ts';
import { eventually } from '#test/support/eventually.ts';
import { heldInTheMiddle } from '#test/support/held-restore.ts';
import { makeDirectory } from '#test/support/made-directory.ts';
import { doneJson, refusedWith, type Server } from '#test/support/organisation.ts';
import { type Ran, runKeystair, signalTo } from '#test/support/run-keystair.ts';
import { SHOWN } from '#test/sentences/shown.ts';

/** Some 3.5 MB of file: more than a pipe holds. */
const KEYS = 4000;
const KEYSTAIR = join(import.meta.dirname, '../../bin/keystair');
const { place, passwordFile, withPassword } = backupPlace('backup-stopped');
const folder = place.path('backups');
const file = join(folder, 'large.backup');
let large: Server;
let digest: string;

before(async () => {
  mkdirSync(folder);
  const data = place.path('large');
  await makeDirectory(data, 'Large', KEYS);
  large = await place.server('Large', { data });
  digest = digestOver(data);
});

/** Breaks a backup off when a part of it is written: again, where the file was whole before. */
async function brokenOff(breakOff: (pid: number) => Promise<void> | void): Promise<Ran> {
  return eventually('a backup in the middle', async () => {
    const { pid, ended } = beginCommand(large, ['server', 'backup', file, ...withPassword]);
    await eventually('a part of the file', () => readdirSync(folder).some((entry) => sizeOf(entry) > 0));
    await breakOff(pid);
    const ran = await ended;
    if (!existsSync(file)) return ran;
    rmSync(file);
    if (!large.alive) await large.restart();
    return undefined;
  });
}

function sizeOf(entry: string): number {
  return statSync(join(folder, entry), { throwIfNoEntry: false })?.size ?? 0;
}

test('a backup is killed (-9): nothing stands under its name, and the next one names what is left', async () => {
  const ran = await brokenOff((pid) => signalTo(pid, 'SIGKILL'));
  assert.equal(ran.signal, 'SIGKILL');
  const [left, ...others] = readdirSync(folder);
  assert.deepEqual(others, []);
  const next = await large.run(['server', 'backup', file, ...withPassword]);
  assert.match(next.stderr, SHOWN.unfinishedOutput(join(folder, left!)));
  for (const entry of readdirSync(folder)) rmSync(join(folder, entry));
  assert.equal((await large.done(['server', 'status']))['keys'], KEYS);
});

test('Ctrl-C, and a server that is killed (-9), in the middle of a backup: no file', async () => {
  const givenUp = await brokenOff((pid) => signalTo(pid, 'SIGINT'));
  assert.match(refusedWith(givenUp, 'interrupted'), REFUSED.interrupted.noFileLeft);
  assert.deepEqual(readdirSync(folder), []);
  const alone = await brokenOff(() => large.kill());
  assert.match(refusedWith(alone, 'interrupted'), REFUSED.interrupted.noFileLeft);
  assert.deepEqual(readdirSync(folder), []);
  await large.restart();
});

test('after all that a backup is whole, and a drill says so', async () => {
  await large.done(['server', 'backup', file, ...withPassword]);
  const checked = doneJson(
    await runKeystair(['server', 'backup', '--check', file, ...withPassword, '--json']),
  );
  assert.deepEqual([checked['ok'], checked['keys']], [true, KEYS]);
});

const restoreTo =
  (target: string) =>
  (from: string): string[] => ['server', 'restore', from, '--data', target, ...withPassword];

async function isWhole(target: string): Promise<void> {
  assert.deepEqual(readdirSync(target).toSorted(), ['keystair.db', 'keystair.lock', 'root.key']);
  assert.equal(digestOver(target), digest);
  const report = doneJson(await runKeystair(['server', 'verify', '--data', target, '--json']));
  assert.deepEqual(report, { ok: true, keys: KEYS, problems: [], damaged: [] });
}

test('a restore is killed (-9): nothing starts on what is left, and the next restore begins anew', async () => {
  const target = place.path('restored');
  for (let times = 0; times < 2; times += 1) {
    const { pid, ended } = await heldInTheMiddle(file, restoreTo(target), () => join(target, 'restoring'));
    process.kill(pid, 'SIGKILL');
    await ended;
    assert.ok(!existsSync(join(target, 'keystair.db')), 'no database has its name');
    for (const verb of ['start', 'verify']) {
      const ran = await runKeystair(['server', verb, '--data', target]);
      assert.match(refusedWith(ran, 'data-damaged'), REFUSED['data-damaged'].brokenOffRestore);
    }
  }
  doneJson(await runKeystair([...restoreTo(target)(file), '--json']));
  await isWhole(target);
});

test('Ctrl-C in the middle of a restore leaves nothing, not even the directory, though the rest never comes', async () => {
  const target = place.path('given-up');
  const { pid, ended } = await heldInTheMiddle(file, restoreTo(target), () => join(target, 'restoring'));
  process.kill(pid, 'SIGINT');
  assert.match(refusedWith(await ended, 'interrupted'), REFUSED.interrupted.nothingRestored);
  assert.ok(!existsSync(target));
});

test('a backup goes out and in through pipes as well', async () => {
  const target = place.path('piped');
  const made = `${KEYSTAIR} server backup - --data ${large.data} --password-file ${passwordFile}`;
  const restore = `${KEYSTAIR} server restore - --data ${target} --password-file ${passwordFile}`;
  execFileSync('bash', ['-o', 'pipefail', '-c', `${made} | ${restore}`], { stdio: 'pipe' });
  await isWhole(target);
  const document = await large.run(['server', 'backup', '-', ...withPassword, '--json']);
  assert.equal(document.status, 2, 'standard output is one document or one file');
});
