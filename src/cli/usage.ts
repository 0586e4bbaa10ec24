/**
 * Help texts, made from the command table alone: program, noun and verb, each with one example.
 */
import type { Command } from './command.ts';
import type { Noun } from './command.ts';
import { columns } from './table.ts';

const OPTIONS_EVERYWHERE: readonly (readonly string[])[] = [
  ['  --json', 'exactly one JSON object on standard output'],
  ['  --debug', 'when the command fails, also where in the program it did'],
  ['  --help', 'this text'],
];

/** @param words that call it, as `keys list`. */
export function usageLine(words: string, command: Command): string {
  const parts = [`keystair ${words}`];
  for (const { placeholder, optional } of Object.values(command.positionals)) {
    parts.push(optional === true ? `[${placeholder}]` : placeholder);
  }
  for (const [name, option] of Object.entries(command.options)) {
    if (option.notYet) continue;
    const shown = option.placeholder === null ? `--${name}` : `--${name} ${option.placeholder}`;
    parts.push(option.required ? shown : `[${shown}]${option.repeatable ? '…' : ''}`);
  }
  return parts.join(' ');
}

export function helpForCommand(words: string, command: Command): string {
  const positionals = Object.values(command.positionals).map((one) => [`  ${one.placeholder}`, one.help]);
  const options = Object.entries(command.options).map(([name, option]) => [
    option.placeholder === null ? `  --${name}` : `  --${name} ${option.placeholder}`,
    option.notYet ? `${option.help} (not available yet)` : option.help,
  ]);
  return [
    command.notYet ? `${command.summary} (not available yet)` : command.summary,
    '',
    `Usage: ${usageLine(words, command)}`,
    '',
    ...columns([...positionals, ...options, ...OPTIONS_EVERYWHERE]),
    '',
    'Example:',
    `  keystair ${words} ${command.example}`.trimEnd(),
  ].join('\n');
}

export function helpForNoun(name: string, noun: Noun): string {
  if (noun.alone !== undefined) return helpForCommand(name, noun.alone);
  const rows = Object.entries(noun.verbs).map(([verb, command]) => [
    `  keystair ${name} ${verb}`,
    command.notYet ? `${command.summary} (not available yet)` : command.summary,
  ]);
  const [verb, command] = Object.entries(noun.verbs)[0]!;
  return [
    noun.summary,
    '',
    ...columns(rows),
    '',
    `Help for one: keystair ${name} VERB --help`,
    '',
    'Example:',
    `  keystair ${name} ${verb} ${command.example}`.trimEnd(),
  ].join('\n');
}

export function helpForProgram(nouns: Readonly<Record<string, Noun>>): string {
  return [
    "Keystair keeps the encryption keys of an organisation's devices where the data is.",
    '',
    'Usage: keystair NOUN VERB [ARGUMENTS] [OPTIONS]',
    '',
    ...columns(
      Object.entries(nouns).map(([name, noun]) => [
        `  ${name}`,
        noun.summary,
        Object.keys(noun.verbs).join(', '),
      ]),
    ),
    '',
    ...columns([...OPTIONS_EVERYWHERE, ['  --version', 'the version of this program']]),
    '',
    'Help for one: keystair NOUN --help, keystair NOUN VERB --help',
    '',
    'Example:',
    '  keystair server start --data /var/lib/keystair --name Oslo',
  ].join('\n');
}
