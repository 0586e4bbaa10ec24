/** Keys carried by hand as people do it: on a terminal, by password or to a recipient, and with strangers' tools. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { armor } from 'age-encryption';
import { stock, unlessInstalled } from '#test/agent/system-tools.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import { recipientOf } from '#test/support/by-hand-commands.ts';
import { makeDirectory } from '#test/support/made-directory.ts';
import { onTerminal } from '#test/support/on-terminal.ts';
import { failureSentence, organisation, refusedWith, type Server } from '#test/support/organisation.ts';

const KEYS = 40;
const PASSWORD = 'plum-river-candle-9-otter';
const LAUNCHER = join(import.meta.dirname, '../../bin/keystair');
const place = organisation('by-hand', { passwords: 'cheap' });
const passwordFile = place.path('password');
let lyon: Server;
let oslo: Server;
let ids: string[];

before(async () => {
  const data = place.path('lyon');
  ids = await makeDirectory(data, 'Lyon', KEYS);
  [lyon, oslo] = await Promise.all([place.server('Lyon', { data }), place.server('Oslo')]);
  writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
});

const exportTo = (out: string, ...more: readonly string[]) =>
  lyon.run(['keys', 'export', '--out', out, ...more]);

const EVERYTHING = { new: KEYS, known: 0, conflicts: [], dryRun: true };

test('on a terminal the password is asked for twice and not shown, and what its loss means is said before', async () => {
  const out = place.path('asked.age');
  const command = `${LAUNCHER} keys export --out ${out} --data ${lyon.data}`;
  const { status, shown } = await onTerminal(command, [PASSWORD, PASSWORD]);
  assert.equal(status, 0, shown);
  assert.match(shown, SHOWN.passwordAskedTwice);
  assert.ok(!shown.includes(PASSWORD), 'the password is not shown');
  assert.equal(statSync(out).mode & 0o777, 0o600);
  const report = await onTerminal(`${LAUNCHER} keys import ${out} --dry-run --data ${oslo.data}`, [PASSWORD]);
  assert.match(report.shown, SHOWN.wouldImportAll);
});

test('two passwords that differ, a weak one, and one that is not given leave no file', async () => {
  const out = place.path('never.age');
  const command = `${LAUNCHER} keys export --out ${out} --data ${lyon.data}`;
  for (const [answers, says] of [
    [[PASSWORD, `${PASSWORD}s`], REFUSED['password-mismatch'].notTheSame],
    [['elevenchars', 'elevenchars'], REFUSED['password-weak'].short],
    [['password12345', 'password12345'], REFUSED['password-weak'].easy],
    [['\u0003'], REFUSED.interrupted.nothingEntered],
  ] as const) {
    const { status, shown } = await onTerminal(command, answers);
    assert.equal(status, 1, shown);
    assert.match(shown, says);
  }
  const unasked = await exportTo(out, '--json');
  assert.equal(unasked.status, 2);
  assert.match(unasked.stderr, REFUSED['invalid-argument'].passwordFile);
  assert.equal(existsSync(out), false);
});

test('a generated password is shown once, never on standard output, and opens the file', async () => {
  const out = place.path('generated.age');
  const ran = await exportTo(out, '--generate-password', '--json');
  assert.deepEqual(ran.json(), { exported: KEYS, file: out });
  const [, password] = SHOWN.generatedPassword.exec(ran.stderr) ?? [];
  assert.ok(password !== undefined, ran.stderr);
  assert.equal(ran.stderr.split(password).length, 2, 'shown once');
  writeFileSync(place.path('generated'), password, { mode: 0o600 });
  const generated = place.path('generated');
  assert.deepEqual(
    await oslo.done(['keys', 'import', out, '--password-file', generated, '--dry-run']),
    EVERYTHING,
  );
});

test('whoever guesses at the password of an export or of a backup pays for scrypt with N = 2^18 each time', async () => {
  const dear = await organisation('by-hand-dear').server('Dear');
  const [out, backup] = [place.path('dear.age'), place.path('dear.backup')];
  await dear.done(['keys', 'export', '--out', out, '--password-file', passwordFile]);
  await dear.done(['server', 'backup', backup, '--password-file', passwordFile]);
  for (const file of [out, backup]) {
    assert.match(readFileSync(file, 'latin1'), /^age-encryption\.org\/v1\n-> scrypt \S{22} 18\n/);
  }
});

test('a refused export says one line, whatever its password comes from', async () => {
  for (const how of [['--generate-password'], ['--password-file', passwordFile]]) {
    const ran = await exportTo(place.path('refused.age'), '--device', 'nobody', ...how);
    refusedWith(ran, 'not-found');
  }
});

test('a file that is there is kept without --force; a folder that is not there is named', async () => {
  const out = place.path('there.age');
  writeFileSync(out, 'what was there');
  assert.match(
    refusedWith(await exportTo(out, '--generate-password'), 'file-exists'),
    REFUSED['file-exists'].force,
  );
  assert.equal(readFileSync(out, 'utf8'), 'what was there');
  const nowhere = refusedWith(await exportTo(place.path('no/such.age'), '--generate-password'), 'not-found');
  assert.match(nowhere, REFUSED['not-found'].folderMissing);
  const impossible = await exportTo(
    place.path('x.age'),
    '--generate-password',
    '--created-after',
    '2026-02-31',
  );
  assert.equal(impossible.status, 2, 'a day that no calendar has');
});

test('a file comes through a pipe as well, and a refused one gets its answer every time', async () => {
  const out = place.path('piped.age');
  await exportTo(out, '--to', await recipientOf(oslo));
  const piped = execFileSync(
    'sh',
    ['-c', `cat ${out} | ${LAUNCHER} keys import /dev/stdin --dry-run --json --data ${oslo.data}`],
    { encoding: 'utf8' },
  );
  assert.deepEqual(JSON.parse(piped), EVERYTHING);
  writeFileSync(place.path('long'), Buffer.alloc(8_000_000));
  for (let round = 0; round < 5; round += 1) {
    for (const bad of [passwordFile, place.path('long')]) {
      refusedWith(await oslo.run(['keys', 'import', bad, '--json']), 'export-unreadable');
    }
  }
});

test('sealed to one server it opens there alone, and nobody is asked for a password', async () => {
  for (const recipient of (await oslo.call('serverStatus', {})).recipients) {
    const out = place.path(`${recipient.slice(0, 20)}.age`);
    await lyon.done(['keys', 'export', '--out', out, '--to', recipient]);
    assert.deepEqual(await oslo.done(['keys', 'import', out, '--dry-run']), EVERYTHING);
    refusedWith(await lyon.run(['keys', 'import', out]), 'export-unreadable');
  }
  const wrong = await exportTo(place.path('wrong.age'), '--to', 'age1nonsense');
  assert.match(failureSentence(wrong, 'invalid-argument'), REFUSED['invalid-argument'].copyTheRecipient);
});

/** The commands of docs/EXPORT_FORMAT.md that stand under a heading, as a person copies them. */
function documented(after: string): string {
  const page = readFileSync(join(import.meta.dirname, '../../docs/EXPORT_FORMAT.md'), 'utf8');
  return /```sh\n([^]*?)```/.exec(page.slice(page.indexOf(after)))![1]!;
}

test('stock age opens the file, and jq reads it, by the documented commands', {
  skip: unlessInstalled('age', 'jq'),
}, async () => {
  const folder = place.path('read');
  mkdirSync(folder);
  await lyon.done(['keys', 'export', '--out', join(folder, 'oslo.age'), '--password-file', passwordFile]);
  const under = async (commands: string, answers: readonly string[]): Promise<string> => {
    writeFileSync(join(folder, 'run.sh'), `set -e\ncd ${folder}\n${commands}`);
    const { status, shown } = await onTerminal(`sh ${join(folder, 'run.sh')}`, answers);
    assert.equal(status, 0, shown);
    return shown;
  };
  const read = await under(documented('Read one'), [PASSWORD]);
  for (const id of ids) assert.ok(read.includes(id));
  const [said, computed] = (await under(documented('Check it'), [PASSWORD, PASSWORD])).match(
    /[0-9a-f]{64}/g,
  )!;
  assert.equal(said, computed);
  const make = documented('Make one from parts').replace('laptop-17', 'some device');
  await under(make, [PASSWORD, PASSWORD, PASSWORD]);
  const part = join(folder, 'part.age');
  assert.deepEqual(await oslo.done(['keys', 'import', part, '--password-file', passwordFile]), {
    ...EVERYTHING,
    dryRun: false,
  });
  assert.deepEqual((await oslo.keyIds()).toSorted(), ids.toSorted());
});

test('curl fetches an export by the documented calls', { skip: unlessInstalled('curl', 'jq') }, async () => {
  const folder = place.path('curl');
  mkdirSync(folder);
  const commands = documented('On the wire').replaceAll('/var/lib/keystair', lyon.data);
  execFileSync('sh', ['-ec', commands], {
    cwd: folder,
    env: { ...process.env, RECIPIENT: await recipientOf(oslo) },
  });
  const { known } = await oslo.done(['keys', 'import', join(folder, 'oslo.age')]);
  assert.equal(known, ids.length);
});

test('a file that stock age sealed to the server in armor is taken in, and one that is bent is not', {
  skip: unlessInstalled('age', 'age-keygen'),
}, async () => {
  const identity = place.path('identity');
  stock('age-keygen', ['-o', identity]);
  const [mine] = /age1[0-9a-z]+/.exec(readFileSync(identity, 'utf8'))!;
  await lyon.done(['keys', 'export', '--out', place.path('mine.age'), '--to', mine]);
  const input = stock('age', ['--decrypt', '--identity', identity, place.path('mine.age')]);
  const recipient = await recipientOf(oslo);
  const armored = stock('age', ['--armor', '--recipient', recipient], { input });
  assert.match(armored.toString(), /^-----BEGIN AGE ENCRYPTED FILE-----\n/);
  const file = place.path('armored.age');
  writeFileSync(file, `\n${armored.toString().replaceAll('\n', '\r\n')}`);
  const report = await oslo.done(['keys', 'import', file, '--dry-run']);
  assert.equal(Number(report['new']) + Number(report['known']), KEYS);
  writeFileSync(file, armored.toString().replace(/.\n-----END/, '\n-----END'));
  refusedWith(await oslo.run(['keys', 'import', file]), 'export-unreadable');
});

test('of an armored file with a password that is asked for, too', async () => {
  const out = place.path('with-password.age');
  await lyon.done(['keys', 'export', '--out', out, '--password-file', passwordFile]);
  writeFileSync(out, armor.encode(readFileSync(out)));
  const { shown } = await onTerminal(`${LAUNCHER} keys import ${out} --dry-run --data ${oslo.data}`, [
    PASSWORD,
  ]);
  assert.match(shown, SHOWN.wouldImport);
});

test('a stranger makes a file from nothing by the documented commands, and its key is taken into custody', {
  skip: unlessInstalled('age', 'jq'),
}, async () => {
  const folder = place.path('from-nothing');
  mkdirSync(folder);
  writeFileSync(join(folder, 'material'), 'a passphrase from paper é');
  writeFileSync(join(folder, 'run.sh'), `set -e\ncd ${folder}\n${documented('Make one from scratch')}`);
  const made = await onTerminal(`sh ${join(folder, 'run.sh')}`, [PASSWORD, PASSWORD]);
  assert.equal(made.status, 0, made.shown);
  const file = join(folder, 'new.age');
  const report = await oslo.done(['keys', 'import', file, '--password-file', passwordFile]);
  assert.deepEqual(report, { new: 1, known: 0, conflicts: [], dryRun: false });
  const { keys } = (await oslo.done(['keys', 'list', '--find', 'Kari blue'])) as { keys: { id: string }[] };
  const revealed = await oslo.done(['keys', 'reveal', keys[0]!.id, '--reason', 'to see that it is there']);
  assert.equal(revealed['material'], 'a passphrase from paper é');
  assert.ok(!existsSync(join(folder, 'material')), 'nothing in the clear is left');
});
