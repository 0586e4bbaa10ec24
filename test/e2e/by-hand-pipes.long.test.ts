/** Keys carried by hand without a file in between: standard output, standard input, pipes, as a shell joins them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { REFUSED } from '#test/sentences/refused.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import { recipientOf } from '#test/support/by-hand-commands.ts';
import { makeDirectory } from '#test/support/made-directory.ts';
import { onTerminal } from '#test/support/on-terminal.ts';
import { organisation, refusedWith, type Server } from '#test/support/organisation.ts';

/** Some 2 MB of file: more than a pipe holds. */
const KEYS = 4000;
const KEYSTAIR = join(import.meta.dirname, '../../bin/keystair');
const place = organisation('by-hand-pipes', { passwords: 'cheap' });
let lyon: Server;
let oslo: Server;
let to: string;
let exportAll: string;
let importAll: string;
let whole: string;

const EVERYTHING = { new: KEYS, known: 0, conflicts: [], dryRun: true };

before(async () => {
  const data = place.path('lyon');
  await makeDirectory(data, 'Lyon', KEYS);
  [lyon, oslo] = await Promise.all([place.server('Lyon', { data }), place.server('Oslo')]);
  to = await recipientOf(oslo);
  exportAll = `${KEYSTAIR} keys export --data ${lyon.data} --to ${to}`;
  importAll = `${KEYSTAIR} keys import --data ${oslo.data} --json --dry-run`;
  whole = place.path('whole.age');
  await lyon.done(['keys', 'export', '--out', whole, '--to', to]);
});

interface InShell {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function inShell(script: string): Promise<InShell> {
  return new Promise((resolve) => {
    execFile('bash', ['-c', `set -o pipefail; ${script}`], (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

async function imports(script: string): Promise<void> {
  const { status, stdout, stderr } = await inShell(script);
  assert.equal(status, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), EVERYTHING);
}

function saysOnce(ran: InShell, status: number, says: RegExp): void {
  assert.equal(ran.status, status, ran.stderr);
  assert.match(ran.stderr, says);
}

test('one server exports into a pipe, another imports from it, and no file lies in between', async () => {
  await imports(`${exportAll} --out - | ${importAll} -`);
});

test('a file is taken in through every kind of pipe that a shell makes', async () => {
  await imports(`cat ${whole} | ${importAll} -`);
  await imports(`${importAll} - < ${whole}`);
  await imports(`cat ${whole} | ${importAll} /dev/stdin`);
  await imports(`${importAll} <(cat ${whole})`);
  await imports(`(sleep 1; head -c 10 ${whole}; sleep 1; tail -c +11 ${whole}) | ${importAll} -`);
  assert.deepEqual(await oslo.done(['keys', 'import', '-', '--dry-run'], readFileSync(whole)), EVERYTHING);
});

test('on standard output stands the file alone; what else is to be said goes to standard error', async () => {
  const out = place.path('redirected.age');
  const ran = await inShell(`${exportAll} --out - > ${out}`);
  saysOnce(ran, 0, SHOWN.exportedToOutput);
  assert.equal(statSync(out).size, statSync(whole).size);
  const secret = await inShell(
    `${exportAll.replace(`--to ${to}`, '--generate-password')} --out - > ${place.path('secret.age')}`,
  );
  saysOnce(secret, 0, SHOWN.generatedPasswordFirst);
});

test('a password comes from its file where standard input carries the keys', async () => {
  const password = place.path('password');
  writeFileSync(password, 'plum-river-candle-9-otter\n', { mode: 0o600 });
  const sealed = `${exportAll.replace(`--to ${to}`, `--password-file ${password}`)} --out -`;
  await imports(`${sealed} | ${importAll} - --password-file ${password}`);
  const unasked = await inShell(`${sealed} | ${importAll} -`);
  saysOnce(unasked, 2, REFUSED['invalid-argument'].passwordNeededNoTerminal);
});

test('a terminal is neither written to nor waited for', async () => {
  const shown = await onTerminal(`${exportAll} --out -`, []);
  assert.equal(shown.status, 2, shown.shown);
  assert.match(shown.shown, REFUSED['invalid-argument'].outputIsATerminal);
  const waited = await onTerminal(`${importAll} -`, []);
  assert.equal(waited.status, 2, waited.shown);
  assert.match(waited.shown, REFUSED['invalid-argument'].inputIsATerminal);
  saysOnce(await inShell(`${exportAll} --out - --json`), 2, REFUSED['invalid-argument'].outputTaken);
});

test('whoever reads only the beginning makes the export fail, and a part is no export', async () => {
  const part = place.path('part.age');
  const left = await inShell(`${exportAll} --out - | head -c 100000 > ${part}`);
  saysOnce(left, 1, REFUSED.interrupted.outputLeft);
  const ran = await oslo.run(['keys', 'import', part, '--json']);
  refusedWith(ran, 'export-unreadable');
  saysOnce(await inShell(`${exportAll} --out - > /dev/full`), 1, REFUSED['disk-full'].output);
});

test('a refused import lets go of the pipe, and says why although more would come', async () => {
  const endless = await inShell(`(cat ${place.path('lyon')}/keystair.db /dev/zero) | ${importAll} -`);
  assert.match(endless.stderr, /^keystair: export-unreadable: [^\n]+\n$/);
  assert.equal(endless.stdout, '');
});

test('a link is followed to the file it names, and a pipe or terminal behind one is never replaced', async () => {
  const file = place.path('named.age');
  const link = place.path('link.age');
  writeFileSync(file, 'what was there');
  symlinkSync(file, link);
  await lyon.done(['keys', 'export', '--out', link, '--to', to, '--force']);
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.equal(statSync(file).size, statSync(whole).size);

  const pipe = place.path('to-stdout');
  symlinkSync('/dev/stdout', pipe);
  const ran = await inShell(`${exportAll} --out ${pipe} --force | cat`);
  saysOnce(ran, 1, REFUSED['invalid-argument'].notARegularFile);
  assert.ok(lstatSync(pipe).isSymbolicLink());
  assert.ok(!existsSync('-'), 'no file is called like standard output');
});
