/**
 * What may stand where on a command line, derived from the command table alone, so that every shell completes a new
 * command or option without another line of code.
 */
import type { Command, Noun, Nouns } from '../command.ts';

/** The kind of a value: read from its placeholder, as a person reads it in the help. */
export type Takes =
  | { readonly kind: 'nothing' | 'text' | 'file' | 'directory' }
  | { readonly kind: 'words'; readonly words: readonly string[] };

export interface CompletedOption {
  readonly name: string;
  readonly help: string;
  readonly placeholder: string;
  readonly repeatable: boolean;
  readonly takes: Takes;
}

export interface CompletedCommand {
  readonly noun: string;
  readonly verb: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  readonly positionals: readonly { readonly placeholder: string; readonly takes: Takes }[];
}

export interface CompletedNoun {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly CompletedCommand[];
  /** The noun is this command, without a verb. */
  readonly alone?: CompletedCommand;
}

const FILES: ReadonlySet<string> = new Set(['FILE', 'F', 'PATH', 'IN', 'OUT', 'FILE|-']);
/** A closed set: `on|off`. Values that a person must supply are in capitals. */
const WORDS = /^[a-z0-9-]+(\|[a-z0-9-]+)*$/;

const EVERYWHERE: readonly CompletedOption[] = [
  flagOf('json', 'exactly one JSON object on standard output'),
  flagOf('debug', 'when the command fails, also where in the program it did'),
  flagOf('help', 'what it does, with an example'),
];
export const AT_THE_START: readonly CompletedOption[] = [
  ...EVERYWHERE,
  flagOf('version', 'the version of this program'),
];
/** Stands in a noun's place, and before a noun. */
export const HELP = 'help';

function flagOf(name: string, help: string): CompletedOption {
  return { name, help, placeholder: '', repeatable: false, takes: { kind: 'nothing' } };
}

function takesOf(placeholder: string | null): Takes {
  if (placeholder === null) return { kind: 'nothing' };
  if (placeholder === 'DIR') return { kind: 'directory' };
  if (FILES.has(placeholder)) return { kind: 'file' };
  return WORDS.test(placeholder) ? { kind: 'words', words: placeholder.split('|') } : { kind: 'text' };
}

/** Leaves out what is not available yet. */
export function completedNouns(nouns: Nouns): CompletedNoun[] {
  return Object.entries(nouns).map(([name, noun]) => ({
    name,
    summary: noun.summary,
    commands: commandsOf(name, noun),
    ...(noun.alone === undefined ? {} : { alone: completedCommand(name, '', noun.alone) }),
  }));
}

function commandsOf(noun: string, { verbs }: Noun): CompletedCommand[] {
  return Object.entries(verbs)
    .filter(([, command]) => !command.notYet)
    .map(([verb, command]) => completedCommand(noun, verb, command));
}

function completedCommand(
  noun: string,
  verb: string,
  { summary, options, positionals }: Command,
): CompletedCommand {
  return {
    noun,
    verb,
    summary,
    options: [
      ...Object.entries(options)
        .filter(([, option]) => !option.notYet)
        .map(([name, { help, placeholder, repeatable }]) => ({
          name,
          help,
          repeatable,
          placeholder: placeholder ?? '',
          takes: takesOf(placeholder),
        })),
      ...EVERYWHERE,
    ],
    positionals: Object.values(positionals).map(({ placeholder }) => ({
      placeholder,
      takes: takesOf(placeholder),
    })),
  };
}

/** The nouns that take no verb, apart by blanks. */
export function namesAlone(nouns: readonly CompletedNoun[]): string {
  return nouns.flatMap(({ name, alone }) => (alone === undefined ? [] : [name])).join(' ');
}
