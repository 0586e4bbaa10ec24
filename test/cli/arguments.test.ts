/** What the command line understands, and what it calls wrong usage. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments, type ParsedArguments } from '#cli/arguments.ts';
import { command, commandNotYet, commandsOf } from '#cli/command.ts';
import { environmentFrom } from '#cli/environment.ts';
import { loadNouns, NOUNS_NOT_YET } from '#cli/nouns.ts';
import { address, choice, duration, flag, notYet, onOff, required, text, texts } from '#cli/options.ts';
import { placesOf } from '#cli/places.ts';
import { USAGE } from '#test/sentences/usage.ts';

const NOUNS = await loadNouns();
const NOWHERE = { ...placesOf(environmentFrom({})), usualData: undefined, usualState: undefined };

/** What the command below was called with. */
let called: unknown;

const nouns = {
  thing: {
    summary: 'things',
    verbs: {
      make: command({
        summary: 'make one',
        positionals: {
          from: { placeholder: 'FROM', help: 'from where' },
          to: { placeholder: 'TO', help: 'to where', optional: true },
        },
        options: {
          data: required(text('DIR', 'where')),
          tag: texts('TAG', 'any number'),
          erase: flag('really'),
          link: onOff('the link'),
          mode: choice(['now', 'later'], 'when'),
          every: duration('SECONDS', 'how often', { secondsMin: 1, secondsMax: 3600 }),
          listen: address('where', { portMin: 1 }),
          url: notYet('URL', 'elsewhere', 'use --data'),
        },
        example: 'a --data d',
        check: ({ from, to }) => {
          if (from === to) throw new Error('not reached by the tests');
        },
        run: async (_context, values, options) => {
          called = { ...values, ...options };
          return { document: {}, lines: [] };
        },
      }),
      adopt: commandNotYet({ summary: 'later', positionals: {}, options: {}, example: '' }),
    },
  },
};

function parse(...args: readonly string[]): ParsedArguments {
  return parseArguments(args, nouns, ['policies'], NOWHERE);
}

async function valuesOf(...args: readonly string[]): Promise<unknown> {
  const { task } = parse(...args);
  assert.equal(task.kind, 'run', task.kind === 'wrong-usage' ? task.error.sentence : task.kind);
  called = undefined;
  if (task.kind === 'run') await task.run({} as never);
  return called;
}

function complaint(...args: readonly string[]): string {
  const { task } = parse(...args);
  assert.equal(task.kind, 'wrong-usage', `${args.join(' ')} was understood`);
  return task.kind === 'wrong-usage' ? `${task.error.code}: ${task.error.sentence}` : '';
}

const defaults = {
  to: undefined,
  data: 'd',
  tag: [],
  erase: false,
  link: undefined,
  mode: undefined,
  every: undefined,
  listen: undefined,
  url: undefined,
};

test('arguments and options of every kind arrive with their types', async () => {
  assert.deepEqual(await valuesOf('thing', 'make', 'a', '--data', 'd'), { ...defaults, from: 'a' });
  const all =
    'thing make a b --data=d --tag x --tag y --erase --link off --mode later --every 15m --listen [::1]:7443';
  assert.deepEqual(await valuesOf(...all.split(' ')), {
    ...defaults,
    from: 'a',
    to: 'b',
    tag: ['x', 'y'],
    erase: true,
    link: false,
    mode: 'later',
    every: 900,
    listen: '[::1]:7443',
  });
});

test('a dash alone, and anything behind two dashes, is an argument', async () => {
  assert.deepEqual(await valuesOf('thing', 'make', '-', '--data', 'd'), { ...defaults, from: '-' });
  assert.deepEqual(await valuesOf('thing', 'make', '--data', 'd', '--', '--json'), {
    ...defaults,
    from: '--json',
  });
});

test('--json and --debug are understood in every place', () => {
  for (const args of [
    '--json thing make a --data d',
    'thing --json make a --data d',
    'thing make a --data d --json',
  ]) {
    assert.equal(parse(...args.split(' ')).json, true, args);
  }
  assert.equal(parse('thing', 'make', 'a', '--data', 'd', '--debug').debug, true);
  assert.equal(parse('thing', 'make', 'a', '--data', 'd').json, false);
});

test('wrong usage is told apart and named', () => {
  for (const [args, says] of [
    ['thing', USAGE.verbMissing],
    ['thnig make', USAGE.unknown('thnig')],
    ['--wrong', USAGE.noOption('--wrong')],
    ['thing mkae', USAGE.verbs('make, adopt')],
    ['constructor', USAGE.unknown('constructor')],
    ['thing toString', USAGE.unknown('thing toString')],
    ['thing make --data d', USAGE.missing('argument FROM')],
    ['thing make a b c --data d', USAGE.extra('c')],
    ['thing make a', USAGE.missing('--data DIR')],
    ['thing make a --data', USAGE.needsValue('--data')],
    ['thing make a --data=', USAGE.needsValue('--data')],
    ['thing make a --data --erase', USAGE.looksLikeAnOption],
    ['thing make a --data d --data e', USAGE.givenTwice('--data')],
    ['thing make a --data d --wrong', USAGE.noOption('--wrong')],
    ['thing make a --data d --wrong=1', USAGE.noOption('--wrong')],
    ['thing make a --data d -x', USAGE.noOption('-x')],
    ['thing make a --data d --erase=yes', USAGE.takesNoValue('--erase')],
    ['thing make a --data d --json=yes', USAGE.takesNoValue('--json')],
    ['thing make a --data d --no-erase', USAGE.noOption('--no-erase')],
    ['thing make a --data d --link maybe', USAGE.mustBe('--link', "on or off, not 'maybe'")],
    ['thing make a --data d --mode soon', USAGE.mustBe('--mode', 'now or later')],
    ['thing make a --data d --every x', USAGE.mustBe('--every', 'a whole number of seconds')],
    ['thing make a --data d --every 0', USAGE.mustBe('--every', 'from 1s to 1h')],
    ['thing make a --data d --every 2h', USAGE.mustBe('--every', 'from 1s to 1h')],
    ['thing make a --data d --listen 7443', USAGE.mustBe('--listen', 'HOST:PORT')],
    ['thing make a --data d --listen x:0', USAGE.portFrom],
    ['thing make a --data d --listen x:65536', USAGE.mustBe('--listen', 'HOST:PORT')],
    ['thing make a --data d --listen ::1:7443', USAGE.mustBe('--listen', 'HOST:PORT')],
  ] as const) {
    assert.match(complaint(...args.split(' ').filter((word) => word !== '')), says);
  }
  assert.match(complaint('thing', 'make', '', '--data', 'd'), USAGE.empty('FROM'));
});

test('what is named and not served yet says so, before anything else that may be missing', () => {
  for (const args of [
    'policies',
    'policies show --url x',
    'thing adopt',
    'thing adopt a --wrong',
    'thing make --url x',
  ]) {
    assert.match(complaint(...args.split(' ')), /^not-available-yet: /, args);
  }
});

test('--help is there at every level, with one example, whatever else was given', () => {
  for (const args of [
    '--help',
    '-h',
    'thing --help',
    '--help thing',
    'thing make --help',
    'thing make a --wrong -h',
  ]) {
    const { task } = parse(...args.split(' '));
    assert.equal(task.kind, 'help', args);
    if (task.kind === 'help') assert.equal(task.text.split('Example:').length, 2, args);
  }
  assert.equal(parse('--version').task.kind, 'version');
});

test("every command's own example is understood", () => {
  for (const [called, { example, notYet: later }] of commandsOf(NOUNS)) {
    const words = (example.replace(/(^| )> .*$/, '').match(/"[^"]*"|\S+/g) ?? []).map((word) =>
      word.replaceAll('"', ''),
    );
    const { task } = parseArguments([...called.split(' '), ...words], NOUNS, NOUNS_NOT_YET, NOWHERE);
    const said = task.kind === 'wrong-usage' ? task.error.sentence : '';
    assert.equal(task.kind, later ? 'wrong-usage' : 'run', `${called} ${example}: ${said}`);
  }
});

test('no option of any command takes a secret', () => {
  for (const [, { options }] of commandsOf(NOUNS)) {
    // A flag takes nothing, and an id is public.
    const names = Object.entries(options)
      .filter(([, { placeholder }]) => placeholder !== null && placeholder !== 'ID')
      .map(([name]) => name)
      .filter((name) => /password|secret|invitation|passphrase|^key$/.test(name));
    assert.deepEqual(
      names.filter((name) => !name.endsWith('-file')),
      [],
    );
  }
});

test('help is a word as well as an option, at every level', () => {
  const asked = (...args: readonly string[]): string => {
    const { task } = parse(...args);
    assert.equal(task.kind, 'help', args.join(' '));
    return task.kind === 'help' ? task.text : '';
  };
  assert.equal(asked('help'), asked('--help'));
  assert.equal(asked('help', 'thing'), asked('thing', '--help'));
  assert.equal(asked('help', 'thing', 'make'), asked('thing', 'make', '--help'));
  assert.match(complaint('help', 'nothing'), USAGE.unknown('nothing'));
});

test('what was nearly right is answered with what was meant', () => {
  const meant = (...args: readonly string[]): string | undefined => {
    const { task } = parseArguments(args, NOUNS, NOUNS_NOT_YET, NOWHERE);
    assert.equal(task.kind, 'wrong-usage', args.join(' '));
    return task.kind === 'wrong-usage' ? /did you mean ([^?]+)\?/.exec(task.error.sentence)?.[1] : undefined;
  };
  for (const [line, word] of [
    ['sever status', 'server'],
    ['agnet status', 'agent'],
    ['hlep', 'help'],
    ['hierarchy shwo', 'show'],
    ['server stat', 'status'],
    ['export', 'keys export or audit export'],
    ['reveal', 'keys reveal'],
    ['server status --dat x', '--data'],
    ['server settings --use-hierachy on', '--use-hierarchy'],
    ['keys list --jsno', '--json'],
    ['--jsom keys list', '--json'],
    ['entirely', undefined],
    ['keys list --unheard-of', undefined],
    ['keys list -x', undefined],
    [`keys list --${'x'.repeat(100_000)}`, undefined],
  ] as const) {
    assert.equal(meant(...line.split(' ')), word, line.slice(0, 40));
  }
});
