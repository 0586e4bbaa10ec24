/** Wrong usage and help, word by word: what needs no server. Real processes, as scripts start them. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { loadNouns } from '#cli/nouns.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { USAGE } from '#test/sentences/usage.ts';
import { refusedWith } from '#test/support/organisation.ts';
import { beginKeystair, type Ran, runKeystair } from '#test/support/run-keystair.ts';

const inFolder = temporaryFolder('contract-usage');
const KEY = '019a2b3c-4d5e-7f60-8a1b-2c3d4e5f6071';

before(() => mkdirSync(inFolder('data')));

/** So many at a time: a process each. */
async function each<T>(things: readonly T[], look: (thing: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < things.length; at += 4) await Promise.all(things.slice(at, at + 4).map(look));
}

function wrongUsage(ran: Ran, said: RegExp, args: readonly string[]): void {
  const line = args.join(' ');
  assert.equal(ran.status, 2, `${line}\n${ran.stderr}`);
  assert.equal(ran.stdout, '', line);
  assert.match(ran.stderr, /^keystair: [a-z-]+: [^\n]+\n/, line);
  assert.match(ran.stderr, said, line);
}

const WRONG: readonly (readonly [string, RegExp])[] = [
  ['sever status', USAGE.beginWithANoun],
  ['server', USAGE.verbMissing],
  ['hierarchy shwo --data D', USAGE.verbs('show')],
  ['server start --data D --listen 7443', USAGE.mustBe('--listen', 'HOST:PORT')],
  ['server start --data D --address host:0', USAGE.mustBe('--address', 'HOST:PORT')],
  ['server status --data D --bogus', USAGE.noOption('--bogus')],
  ['server status --data D extra', USAGE.extra('extra')],
  ['server status --data', USAGE.needsValue('--data')],
  ['server settings --data D --use-hierarchy yes', USAGE.mustBe('', 'on or off')],
  ['server settings --data D --transmit never', USAGE.mustBe('', 'immediately or heartbeat')],
  ['server settings --data D --heartbeat 1.5', USAGE.wholeSeconds],
  ['server backup --data D', USAGE.missing('argument FILE')],
  ['server restore FILE', USAGE.missing('--data DIR')],
  ['hierarchy invite --data D --expires soon', USAGE.mustBe('--expires', '')],
  ['hierarchy join --data D', USAGE.missing('argument FILE|-')],
  ['hierarchy join FILE --data D --use-hierarchy off', USAGE.mustBe('--use-hierarchy', 'on')],
  ['hierarchy set SERVER --data D', USAGE.missing('--dmz on|off')],
  ['hierarchy remove --data D', USAGE.missing('argument SERVER')],
  ['hierarchy leave SERVER --data D', USAGE.oneTooMany],
  ['keys show --data D', USAGE.missing('argument ID')],
  ['keys export --data D', USAGE.missing('--out FILE')],
  ['keys import --data D', USAGE.missing('argument FILE')],
  [`keys reveal ${KEY} --data D`, USAGE.missing('--reason TEXT')],
  [`keys explain ${KEY} --file x --data D`, USAGE.oneOfThree],
  ['devices remove --data D', USAGE.missing('argument D')],
  ['approvals show --data D', USAGE.missing('argument A')],
  ['approvals rules set keys.export --data D', USAGE.missing('--approvers K')],
  ['approvals approve A --emergency --data D', USAGE.missing('--reason TEXT')],
  ['agent encrypt-file IN --state S', USAGE.missing('argument OUT')],
  ['agent encrypt-file IN - --state S --json', USAGE.outputTaken],
  ['agent decrypt-file IN - --state S --json', USAGE.outputTaken],
  ['agent format-drive --state S', USAGE.missing('argument PATH')],
  ['agent open-drive PATH --state S', /--test/],
];

test('wrong usage of every command is exit 2, with nothing on standard output', () =>
  each(WRONG, async ([line, said]) => {
    const args = line.split(' ').filter((word) => word !== '');
    wrongUsage(await runKeystair(args), said, args);
  }));

const HAS_PLACES = existsSync('/var/lib/keystair') || existsSync('/var/lib/keystair-agent');

test(
  'what needs a directory and finds none is exit 2, too',
  { skip: HAS_PLACES && 'this machine has a server or an agent of its own, which would be found' },
  () =>
    each(
      [
        ['server start', USAGE.missing('--data DIR')],
        ['server status', REFUSED['invalid-argument'].neitherVariable],
        ['server verify', USAGE.missing('--data DIR')],
        ['server backup FILE', USAGE.missing('--data DIR')],
        ['agent enrol FILE', REFUSED['invalid-argument'].oneVariable],
        ['agent run', USAGE.missing('--state DIR')],
      ] as const,
      async ([line, said]) => {
        const unset = ['KEYSTAIR_DATA', 'KEYSTAIR_URL', 'KEYSTAIR_STATE'].flatMap((name) => ['-u', name]);
        const args = line.split(' ');
        wrongUsage(await beginKeystair(args, { under: ['env', ...unset] }).ended, said, args);
      },
    ),
);

test('what is blank, endless or on two lines is no name and no reason', () =>
  each(
    [
      ['server', 'start', '--data', inFolder('named'), '--name', '  '],
      ['server', 'start', '--data', inFolder('named'), '--name', 'n'.repeat(256)],
      ['server', 'start', '--data', inFolder('named'), '--name', 'two\nlines'],
      ['agent', 'enrol', 'invitation', '--state', inFolder('named'), '--name', 'two\nlines'],
      ['keys', 'reveal', KEY, '--data', inFolder('data'), '--reason', ' '],
      ['keys', 'reveal', KEY, '--data', inFolder('data'), '--reason', 'r'.repeat(1001)],
    ],
    async (args) => {
      wrongUsage(await runKeystair(args), USAGE.noText, args);
      assert.ok(!existsSync(inFolder('named')), 'nothing was made');
    },
  ));

// That every single command has its example is held without processes, in test/cli/arguments.test.ts.
test('every level has help with one example, and none of it is on standard error', async () => {
  const commands: string[][] = [[]];
  const program = (await runKeystair(['--help'])).stdout;
  for (const [noun, { verbs }] of Object.entries(await loadNouns())) {
    assert.match(program, new RegExp(`^ {2}${noun} {2,}`, 'm'));
    const last = Object.keys(verbs).at(-1);
    commands.push([noun], ...(last === undefined ? [] : [[noun, last]]));
  }
  await each(commands, async (words) => {
    const { status, stdout, stderr } = await runKeystair([...words, '--help']);
    assert.deepEqual([status, stderr], [0, ''], words.join(' '));
    assert.equal(stdout.match(/^Example:\n {2}keystair /gm)?.length, 1, words.join(' '));
  });
});

test('an invitation or a password given as an argument is not taken, and not repeated', async () => {
  const invitation = 'keystair-invitation-1.c2VjcmV0.0123abcd';
  await each(
    [
      ['agent', 'enrol', invitation, '--state', inFolder('state')],
      ['hierarchy', 'join', invitation, '--data', inFolder('data')],
      ['people', 'set-up', 'https://keys.example:8444/set-up#c2VjcmV0'],
      ['keys', 'export', '--out', 'x', '--data', inFolder('data'), '--password', 'hunter2'],
    ],
    async (args) => {
      const ran = await runKeystair(args);
      assert.notEqual(ran.status, 0);
      assert.equal(ran.stdout, '');
      assert.doesNotMatch(ran.stderr, /c2VjcmV0|hunter2/);
    },
  );
});

test('a path that is not what is needed is said in one line that names it', async () => {
  const file = inFolder('file');
  writeFileSync(file, 'not a directory');
  const nowhere = inFolder('nowhere');
  for (const [args, code, said] of [
    [['server', 'status', '--data', nowhere], 'not-found', REFUSED['not-found'].noDataDirectory],
    [['server', 'status', '--data', file], 'invalid-argument', REFUSED['invalid-argument'].notADirectory],
    [
      ['server', 'status', '--data', inFolder('data')],
      'server-not-running',
      REFUSED['server-not-running'].startItWithData,
    ],
    [['server', 'start', '--data', file], 'data-not-writable', REFUSED['data-not-writable'].itIsAFile],
    // Node's own way of making directories never ends there.
    [['server', 'start', '--data', '/proc/keystair'], 'data-not-writable', /\/proc\/keystair/],
    [['agent', 'status', '--state', nowhere], 'not-enrolled', REFUSED['not-enrolled'].enrol],
    [['hierarchy', 'join', nowhere, '--data', inFolder('data')], 'not-found', /nowhere/],
    [
      ['hierarchy', 'join', inFolder('data'), '--data', inFolder('data')],
      'invalid-argument',
      REFUSED['invalid-argument'].isADirectory,
    ],
    [['keys', 'explain', '--file', nowhere, '--data', inFolder('data')], 'not-found', /nowhere/],
    [
      ['keys', 'explain', '--drive', inFolder('data'), '--data', inFolder('data')],
      'invalid-argument',
      /data/,
    ],
  ] as const) {
    const ran = await runKeystair([...args, '--json']);
    assert.match(refusedWith(ran, code), said, args.join(' '));
  }
});

test('a configuration file that does not fit is refused before anything is made', async () => {
  const data = inFolder('configured');
  for (const [text, said] of [
    ['{"nam":"x"}', REFUSED['invalid-argument'].unknownName],
    ['{"name":5}', REFUSED['invalid-argument'].wrongValueForName],
    ['{', REFUSED['invalid-argument'].notJson],
  ] as const) {
    const file = inFolder('config.json');
    writeFileSync(file, text);
    const ran = await runKeystair(['server', 'start', '--data', data, '--config', file]);
    assert.match(refusedWith(ran, 'invalid-argument'), said);
  }
  const missing = await runKeystair(['server', 'start', '--data', data, '--config', inFolder('none.json')]);
  assert.match(refusedWith(missing, 'not-found'), REFUSED['not-found'].noConfigurationFile);
  const wildcard = await runKeystair(['server', 'start', '--data', data, '--listen', '0.0.0.0:0']);
  assert.match(refusedWith(wildcard, 'invalid-argument'), REFUSED['invalid-argument'].sayAddress);
  assert.ok(!existsSync(data));
});
