/**
 * A command: a row of data (summary, arguments, options, one example) and one function. The row gives the types of the
 * function's values, and help and parsing read only the row.
 */
import type { KeystairError } from '#domain/errors.ts';
import type { Context } from './context.ts';
import type { Options, OptionValues } from './options.ts';
import type { Places } from './places.ts';
import type { Line } from './state-words.ts';
import { UsageError } from './usage-error.ts';

/** A positional argument. `optional` ones come last. */
export interface Positional {
  readonly placeholder: string;
  readonly help: string;
  readonly optional?: true;
}

export type Positionals = Readonly<Record<string, Positional>>;

type PositionalValues<P extends Positionals> = {
  readonly [Name in keyof P]: P[Name] extends { readonly optional: true } ? string | undefined : string;
};

/** What a command returns: the program prints it once, when the command is over. */
export interface Outcome {
  /** For `--json`; null where the command printed its own while it ran. */
  readonly document: object | null;
  /** For a person, on standard output. A long listing makes them as they are written. */
  readonly lines: Iterable<Line>;
  /** What else to know or do next. For a person they follow the lines; with `--json` they go to standard error. */
  readonly messages?: readonly string[];
  /** Standard output carries data for a pipe, so messages always go to standard error. */
  readonly piped?: true;
  /** The document is printed although the command failed: exit 1 with this line on standard error. */
  readonly failure?: KeystairError;
}

export interface CommandRow<P extends Positionals, O extends Options> {
  readonly summary: string;
  readonly positionals: P;
  readonly options: O;
  /** What follows `keystair NOUN VERB` in the help's example. */
  readonly example: string;
  /** Throws a usage error where arguments and options do not go together. */
  readonly check?: (values: PositionalValues<P>, options: OptionValues<O>, json: boolean) => void;
  readonly run: (context: Context, values: PositionalValues<P>, options: OptionValues<O>) => Promise<Outcome>;
}

/** The texts on the command line, before any of them is interpreted. */
export interface GivenTexts {
  readonly positionals: readonly string[];
  /** By option name: one text for each time it was given, none for a flag. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly json: boolean;
  /** For arguments that may be omitted where they can be found. */
  readonly places: Places;
}

/** A command in the table, whatever its row's types: `prepare` throws a usage error or returns what to run. */
export interface Command {
  readonly summary: string;
  readonly positionals: Positionals;
  readonly options: Options;
  readonly example: string;
  readonly notYet: boolean;
  readonly prepare: (given: GivenTexts) => (context: Context) => Promise<Outcome>;
}

function readOptions<O extends Options>(options: O, given: GivenTexts): OptionValues<O> {
  const values: Record<string, unknown> = {};
  const textOf = (name: string): string | undefined => given.options.get(name)?.[0];
  // An option that this release does not serve is reported first: a missing option would hide the reason.
  const names = Object.keys(options).toSorted(
    (a, b) => Number(options[b]?.notYet) - Number(options[a]?.notYet),
  );
  for (const name of names) {
    const option = options[name];
    const texts = given.options.get(name);
    if (option === undefined) continue;
    if (texts !== undefined && texts.length > 1 && !option.repeatable) {
      throw new UsageError(`--${name} was given more than once`);
    }
    values[name] = option.read(texts ?? [], texts !== undefined, name, given.places, textOf);
  }
  return values as OptionValues<O>;
}

function readPositionals<P extends Positionals>(positionals: P, given: GivenTexts): PositionalValues<P> {
  const values: Record<string, string | undefined> = {};
  for (const [index, [name, positional]] of Object.entries(positionals).entries()) {
    const text = given.positionals[index];
    if (text === undefined && positional.optional !== true) {
      throw new UsageError(`the argument ${positional.placeholder} is missing`);
    }
    if (text === '') throw new UsageError(`the argument ${positional.placeholder} is empty`);
    values[name] = text;
  }
  const extra = given.positionals[Object.keys(positionals).length];
  if (extra !== undefined) throw new UsageError(`unexpected argument '${extra}'`);
  return values as PositionalValues<P>;
}

export function command<const P extends Positionals, const O extends Options>(
  row: CommandRow<P, O>,
): Command {
  return {
    summary: row.summary,
    positionals: row.positionals,
    options: row.options,
    example: row.example,
    notYet: false,
    prepare: (given) => {
      const options = readOptions(row.options, given);
      const values = readPositionals(row.positionals, given);
      row.check?.(values, options, given.json);
      return (context) => row.run(context, values, options);
    },
  };
}

/** A verb that the contract names and this release does not serve. It says so, whatever its arguments. */
export function commandNotYet(row: Omit<CommandRow<Positionals, Options>, 'run'>): Command {
  return {
    ...row,
    notYet: true,
    prepare: () => {
      throw new UsageError('this command is not available in this release yet', {
        code: 'not-available-yet',
        nextStep: "'keystair --help' lists what is available",
      });
    },
  };
}

export interface Noun {
  readonly summary: string;
  readonly verbs: Readonly<Record<string, Command>>;
  /** A noun that is a command by itself; then it has no verbs. */
  readonly alone?: Command;
}

export type Nouns = Readonly<Record<string, Noun>>;

/** Every command of the table, with the words that call it: `keys list`, `login`. */
export function commandsOf(nouns: Nouns): (readonly [words: string, command: Command])[] {
  return Object.entries(nouns).flatMap(([noun, { verbs, alone }]) => [
    ...(alone === undefined ? [] : [[noun, alone] as const]),
    ...Object.entries(verbs).map(([verb, command]) => [`${noun} ${verb}`, command] as const),
  ]);
}
