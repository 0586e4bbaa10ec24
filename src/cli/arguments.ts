/**
 * From the words of the command line to a task: help, the version, or one prepared command. Parsing reads only the
 * declarative table and has no effect; anything that does not fit the table is a usage error (exit 2).
 */
import { parseArgs } from 'node:util';
import type { Command, GivenTexts, Nouns, Outcome } from './command.ts';
import type { Context } from './context.ts';
import { didYouMean } from '#domain/did-you-mean.ts';
import { overview } from './overview.ts';
import type { Places } from './places.ts';
import { helpForCommand, helpForNoun, helpForProgram, usageLine } from './usage.ts';
import { UsageError } from './usage-error.ts';

export type Task =
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' }
  | { readonly kind: 'wrong-usage'; readonly error: UsageError; readonly usage: string }
  | { readonly kind: 'run'; readonly run: (context: Context) => Promise<Outcome>; readonly usage: string };

export interface ParsedArguments {
  readonly json: boolean;
  readonly debug: boolean;
  readonly task: Task;
}

/** Valid at every level and in every place, before the noun too. */
const FLAGS_EVERYWHERE = ['json', 'debug', 'help', 'version'] as const;

interface SplitArguments {
  readonly flags: ReadonlySet<string>;
  /** Noun and verb without the flags before them, then everything else unchanged. */
  readonly words: readonly string[];
}

/** Removes leading flags, so that `keystair --json keys list` means the same as `keystair keys list --json`. */
function splitLeadingFlags(args: readonly string[]): SplitArguments {
  const flags = new Set<string>();
  let at = 0;
  for (; at < args.length; at += 1) {
    const word = args[at]!;
    if (word === '-h') flags.add('help');
    else if (FLAGS_EVERYWHERE.some((name) => word === `--${name}`)) flags.add(word.slice(2));
    else break;
  }
  return { flags, words: args.slice(at) };
}

/** The word in the noun's place, whether such a noun exists or not. */
export function nounIn(args: readonly string[]): string | undefined {
  return splitLeadingFlags(args).words[0];
}

/** The texts after noun and verb, by the command's table row. */
function readTexts(
  command: Command,
  words: readonly string[],
): { given: Pick<GivenTexts, 'positionals' | 'options'>; flags: ReadonlySet<string>; error?: UsageError } {
  const types: Record<string, { type: 'string' | 'boolean'; short?: string }> = {};
  for (const name of FLAGS_EVERYWHERE) types[name] = { type: 'boolean' };
  types['help'] = { type: 'boolean', short: 'h' };
  for (const [name, option] of Object.entries(command.options)) {
    types[name] = { type: option.placeholder === null ? 'boolean' : 'string' };
  }
  const { tokens } = parseArgs({ args: [...words], options: types, strict: false, tokens: true });
  const positionals: string[] = [];
  const options = new Map<string, string[]>();
  const flags = new Set<string>();
  let error: UsageError | undefined;
  for (const part of tokens) {
    if (part.kind === 'positional') positionals.push(part.value);
    if (part.kind !== 'option') continue;
    const { name, rawName, value } = part;
    const type = types[name]?.type;
    if (type === undefined) {
      error ??= noOption(rawName, Object.keys(types));
    } else if (type === 'boolean') {
      if (value !== undefined) error ??= new UsageError(`--${name} takes no value`);
      if (name in command.options) options.set(name, []);
      else flags.add(name);
    } else if (value === undefined || value === '') {
      error ??= new UsageError(`--${name} needs a value`);
    } else if (!part.inlineValue && value.startsWith('-') && value !== '-') {
      error ??= new UsageError(`--${name} needs a value, and '${value}' looks like an option`, {
        nextStep: `if that is the value, write --${name}=${value}`,
      });
    } else {
      options.set(name, [...(options.get(name) ?? []), value]);
    }
  }
  return { given: { positionals, options }, flags, ...(error === undefined ? {} : { error }) };
}

function noOption(raw: string, names: readonly string[]): UsageError {
  const meant = didYouMean(
    raw,
    names.map((name) => `--${name}`),
  );
  return new UsageError(`there is no option ${raw}${meant}`);
}

/** There is no such noun, or an option is in its place. */
function noNoun(word: string, nouns: Nouns): UsageError {
  const begin = `; begin with one of ${namesOf(nouns)}`;
  if (word.startsWith('-')) {
    return new UsageError(`${noOption(word, FLAGS_EVERYWHERE).message}${begin}`);
  }
  // A verb without its noun. One that most nouns have says nothing.
  const behind = Object.keys(nouns).filter((noun) => Object.hasOwn(nouns[noun]!.verbs, word));
  const meant =
    behind.length === 1 || behind.length === 2
      ? ` (did you mean ${behind.map((noun) => `${noun} ${word}`).join(' or ')}?)`
      : didYouMean(word, [...Object.keys(nouns), 'help']);
  return new UsageError(`there is no '${word}'${meant}${begin}`);
}

function namesOf(table: Readonly<Record<string, unknown>>): string {
  return Object.keys(table).join(', ');
}

/** Help, or the complaint that something is missing, at a level above the verb. */
function above(flags: ReadonlySet<string>, help: string, error: UsageError): Task {
  if (flags.has('help')) return { kind: 'help', text: help };
  if (flags.has('version')) return { kind: 'version' };
  return { kind: 'wrong-usage', error, usage: help };
}

/** @param notYet words that the contract names in a noun's place and this release does not serve. */
export function parseArguments(
  args: readonly string[],
  nouns: Nouns,
  notYet: readonly string[],
  places: Places,
): ParsedArguments {
  const leading = splitLeadingFlags(args);
  const [nounName, ...afterNoun] = leading.words;
  if (nounName === 'help') return parseArguments([...afterNoun, '--help'], nouns, notYet, places);
  const behind = splitLeadingFlags(afterNoun);
  const [verbName, ...afterVerb] = behind.words;
  const flags = new Set([...leading.flags, ...behind.flags]);
  const parsed = (task: Task, all: ReadonlySet<string> = flags): ParsedArguments => ({
    json: all.has('json'),
    debug: all.has('debug'),
    task,
  });

  const programHelp = helpForProgram(nouns);
  if (nounName === undefined) {
    if (flags.has('help')) return parsed({ kind: 'help', text: programHelp });
    return parsed(
      flags.has('version') ? { kind: 'version' } : { kind: 'run', run: overview, usage: programHelp },
    );
  }
  if (notYet.includes(nounName)) {
    const error = new UsageError(`'${nounName}' is not available in this release yet`, {
      code: 'not-available-yet',
      nextStep: "see 'keystair --help' for what is there",
    });
    return parsed(above(flags, programHelp, error));
  }
  const noun = Object.hasOwn(nouns, nounName) ? nouns[nounName] : undefined;
  if (noun === undefined) {
    return parsed({ kind: 'wrong-usage', error: noNoun(nounName, nouns), usage: programHelp });
  }
  if (noun.alone !== undefined) return parseCommand(nounName, noun.alone, afterNoun);
  const nounHelp = helpForNoun(nounName, noun);
  if (verbName === undefined) {
    return parsed(
      above(flags, nounHelp, new UsageError(`say what to do: a verb is missing after ${nounName}`)),
    );
  }
  const command = Object.hasOwn(noun.verbs, verbName) ? noun.verbs[verbName] : undefined;
  if (command === undefined) {
    const error = new UsageError(
      `there is no '${nounName} ${verbName}'${didYouMean(verbName, Object.keys(noun.verbs))}; the verbs are ${namesOf(noun.verbs)}`,
    );
    return parsed({ kind: 'wrong-usage', error, usage: nounHelp });
  }
  return parseCommand(`${nounName} ${verbName}`, command, afterVerb);

  /** The command that these words call, and what stands behind them. */
  function parseCommand(words: string, command: Command, behindThem: readonly string[]): ParsedArguments {
    const { given, flags: trailing, error } = readTexts(command, behindThem);
    const all = new Set([...flags, ...trailing]);
    if (all.has('help')) return parsed({ kind: 'help', text: helpForCommand(words, command) }, all);
    if (all.has('version')) return parsed({ kind: 'version' }, all);
    const usage = `Usage: ${usageLine(words, command)}\nHelp: keystair ${words} --help`;
    try {
      // A command that this release does not serve says so, whatever its arguments.
      if (error !== undefined && !command.notYet) throw error;
      const run = command.prepare({ ...given, json: all.has('json'), places });
      return parsed({ kind: 'run', run, usage }, all);
    } catch (thrown) {
      if (!(thrown instanceof UsageError)) throw thrown;
      return parsed({ kind: 'wrong-usage', error: thrown, usage }, all);
    }
  }
}
