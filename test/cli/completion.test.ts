/** Completion as the shells do it: bash, zsh and fish read what we print, and offer what the command table holds. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { loadNouns } from '#cli/nouns.ts';
import { unlessInstalled } from '#test/agent/system-tools.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { onTerminal } from '#test/support/on-terminal.ts';
import { runKeystair } from '#test/support/run-keystair.ts';

const inFolder = temporaryFolder('completion');
const NOUNS = await loadNouns();

before(async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { status, stdout, stderr } = await runKeystair(['completion', shell]);
    assert.deepEqual([status, stderr], [0, '']);
    writeFileSync(inFolder(shell), stdout);
  }
  mkdirSync(inFolder('place/some folder'), { recursive: true });
  writeFileSync(inFolder('place/some file'), '');
});

function lines(program: string, args: readonly string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd: inFolder('place') }, (error, stdout) => {
      if (error !== null) reject(error);
      else resolve(stdout.split('\n').filter((line) => line !== ''));
    });
  });
}

const IN_BASH = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _keystair; printf '%s\\n' "\${COMPREPLY[@]}"`;

/** What each offers behind `keystair …`; the last word is what was begun. */
const SHELLS: Readonly<Record<string, (...words: readonly string[]) => Promise<string[]>>> = {
  bash: (...words) => lines('bash', ['-c', IN_BASH, inFolder('bash'), 'keystair', ...words]),
  fish: async (...words) => {
    const line = ['keystair', ...words].join(' ');
    const offered = await lines('fish', [
      '-c',
      'source $argv[1]; complete -C $argv[2]',
      inFolder('fish'),
      line,
    ]);
    return offered.map((one) => one.split('\t')[0]!);
  },
};

for (const [shell, offers] of Object.entries(SHELLS)) {
  const skip = unlessInstalled(shell);

  test(`${shell} offers every noun, verb and option of the table`, { skip }, async () => {
    const nouns = Object.entries(NOUNS);
    assert.deepEqual((await offers('')).toSorted(), [...nouns.map(([name]) => name), 'help'].toSorted());
    for (const [name, { verbs, alone }] of nouns) {
      if (alone !== undefined) {
        const own = [...Object.keys(alone.options), 'json', 'debug', 'help'].map((option) => `--${option}`);
        assert.deepEqual((await offers(name, '--')).toSorted(), own.toSorted());
        assert.deepEqual((await offers(name, '--url', 'https://keys', '--')).toSorted(), own.toSorted());
        continue;
      }
      const served = Object.entries(verbs).filter(([, { notYet }]) => !notYet);
      assert.deepEqual((await offers(name, '')).toSorted(), served.map(([verb]) => verb).toSorted());
      const [verb, { options }] = served.at(-1)!;
      const own = Object.entries(options).filter(([, { notYet }]) => !notYet);
      assert.deepEqual(
        (await offers(name, verb, '--')).toSorted(),
        [...own.map(([option]) => option), 'json', 'debug', 'help'].map((option) => `--${option}`).toSorted(),
      );
    }
  });

  test(`${shell} offers the values of a closed set, and file names where one stands`, { skip }, async () => {
    assert.deepEqual((await offers('server', 'settings', '--use-hierarchy', '')).toSorted(), ['off', 'on']);
    assert.deepEqual(await offers('--json', 'server', 'settings', '--transmit', 'h'), ['heartbeat']);
    assert.deepEqual(await offers('server', 'add-seal', 'pass'), ['passphrase']);
    assert.deepEqual(await offers('help', 'hier'), ['hierarchy']);
    const plain = (names: readonly string[]) =>
      names.map((name) => name.replaceAll('\\', '').replace(/\/$/, '')).toSorted();
    assert.deepEqual(plain(await offers('keys', 'import', 'some')), ['some file', 'some folder']);
    assert.deepEqual(plain(await offers('keys', 'list', '--data', 'some')), ['some folder']);
    assert.deepEqual(await offers('server', 'start', '--name', ''), [], 'what a person has to know');
  });
}

test('bash takes an option and its value for three words', async () => {
  assert.deepEqual(await SHELLS['bash']!('hierarchy', 'set', 'Oslo', '--dmz', '='), ['on', 'off']);
  assert.deepEqual(await SHELLS['bash']!('hierarchy', 'set', 'Oslo', '--dmz', '=', 'of'), ['off']);
});

for (const [shell, start, setUp] of [
  ['bash', 'bash --norc --noprofile -i', ''],
  ['zsh', 'zsh -f -i', 'autoload -Uz compinit; compinit -D -u; '],
] as const) {
  const skip = unlessInstalled(shell);
  test(`the tab key completes in ${shell} on a terminal`, { skip }, async () => {
    const { shown } = await onTerminal(`timeout --foreground 120 ${start}`, [
      {
        when: /[$%#] [^']*$/,
        keys: `PS1='ready> '; ${setUp}source ${inFolder(shell)}; keystair() { echo "took:$*"; }\r`,
      },
      { when: /ready> [^']*$/, keys: 'keystair serv\t' },
      { when: /er/, keys: 'settings --use-hier\t' },
      { when: /archy/, keys: 'of\t' },
      { when: /f[^]*f/, keys: '\r' },
      { when: /took:/, keys: 'exit\r' },
    ]);
    assert.match(shown, /took:server settings --use-hierarchy[= ]off/);
  });
}
