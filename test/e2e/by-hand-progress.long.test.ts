/** What a person at a terminal sees of keys that are carried by hand, and how Ctrl-C ends it. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { REFUSED } from '#test/sentences/refused.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import { recipientOf } from '#test/support/by-hand-commands.ts';
import { eventually } from '#test/support/eventually.ts';
import { slowly } from '#test/support/in-steps.ts';
import { makeDirectory } from '#test/support/made-directory.ts';
import { onTerminal } from '#test/support/on-terminal.ts';
import { organisation, type Server } from '#test/support/organisation.ts';
import { lookAtImport } from '#test/support/staged-look.ts';

/** With a slow server long enough to be told of more than once. */
const KEYS = 20_000;
const KEYSTAIR = join(import.meta.dirname, '../../bin/keystair');
const CTRL_C = '\u0003';
const place = organisation('by-hand-progress');
let from: Server;
let target: Server;
let exportTo: (out: string) => string;
let file: string;

before(async () => {
  const data = place.path('from');
  await makeDirectory(data, 'From', KEYS);
  [from, target] = await Promise.all([place.server('From', { data }), place.server('Target')]);
  const to = await recipientOf(target);
  exportTo = (out) => `${KEYSTAIR} keys export --data ${from.data} --to ${to} --out ${out}`;
  file = place.path('keys.age');
});

test('an export shows how far it is, at what rate and how long it will take, and then what it did', async () => {
  const { status, shown } = await slowly(from.pid, () => onTerminal(exportTo(file), []));
  assert.equal(status, 0, shown);
  assert.match(shown, SHOWN.exporting);
  assert.ok(shown.includes('\r\u001B[KExported 20000 keys to '), 'the line is taken away first');
});

test('Ctrl-C ends an export at once and leaves no file', async () => {
  const folder = place.path('given-up');
  mkdirSync(folder);
  const { status, shown } = await slowly(from.pid, () =>
    onTerminal(exportTo(join(folder, 'keys.age')), [{ when: /Exporting \d+ %/, keys: CTRL_C }]),
  );
  assert.equal(status, 1, shown);
  assert.match(shown, REFUSED.interrupted.noFileLeftInFull);
  assert.deepEqual(readdirSync(folder), []);
});

test('Ctrl-C while a file is checked ends the import and leaves nothing', async () => {
  const { status, shown } = await slowly(target.pid, () =>
    onTerminal(`${KEYSTAIR} keys import ${file} --data ${target.data}`, [
      { when: /Checking \d+ %/, keys: CTRL_C },
    ]),
  );
  assert.equal(status, 1, shown);
  assert.match(shown, REFUSED.interrupted.nothingImportedInFull);
  await eventually('an empty stage', () => lookAtImport(target.data).staged === 0);
  assert.deepEqual(lookAtImport(target.data), { recorded: 0, staged: 0, confirmed: 0 });
});

test('with --json the progress is on the terminal, and standard output holds one object alone', async () => {
  const document = place.path('document');
  const { status, shown } = await slowly(target.pid, () =>
    onTerminal(`${KEYSTAIR} keys import ${file} --json --data ${target.data} > ${document}`, []),
  );
  assert.equal(status, 0, shown);
  assert.match(shown, SHOWN.checking);
  assert.match(shown, SHOWN.recording);
  assert.doesNotMatch(shown, /Imported|\{/);
  assert.equal(
    readFileSync(document, 'utf8'),
    `${JSON.stringify({ new: KEYS, known: 0, conflicts: [], dryRun: false })}\n`,
  );
});

test('where no terminal is, there is no progress', async () => {
  const ran = await target.run(['keys', 'import', file]);
  assert.deepEqual([ran.status, ran.stderr], [0, '']);
  assert.equal(ran.stdout, 'Imported 0 new keys; 20000 were already known.\n');
});
