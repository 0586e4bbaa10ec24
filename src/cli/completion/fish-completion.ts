/** Tab completion for fish, with help beside each word: one line for each noun, verb and option of the command table. */
import {
  AT_THE_START,
  type CompletedCommand,
  type CompletedNoun,
  type CompletedOption,
  HELP,
  type Takes,
} from './completed-commands.ts';

/** Stands where a verb would. */
const ALONE = '(alone)';

const FRAME = `# Tab completion of keystair for fish, made by: keystair completion fish
# Whether these are noun and verb so far.
function __keystair_at
    set -l found
    for word in (commandline -opc)[2..]
        string match -q -- '-*' $word; or set -a found $word
    end
    test "$found[1..2]" = "$argv"
end
# Whether this noun takes no verb, and stands first.
function __keystair_alone
    set -l found
    for word in (commandline -opc)[2..]
        string match -q -- '-*' $word; or set -a found $word
    end
    test "$found[1]" = "$argv"
end
complete -c keystair -f`;

export function fishCompletion(nouns: readonly CompletedNoun[]): string {
  return [
    FRAME,
    ...nouns.map(({ name, summary }) => line('', `-a ${name} -d ${quoted(summary)}`)),
    line('', `-a ${HELP} -d ${quoted('what a command does')}`),
    ...AT_THE_START.map((option) => optionLine('', option)),
    ...nouns.map(({ name }) => line(HELP, `-a ${name}`)),
    ...nouns.flatMap(({ alone }) => (alone === undefined ? [] : commandLines(alone))),
    ...nouns.flatMap(({ name, commands }) => [
      ...commands.map(({ verb, summary }) => line(name, `-a ${verb} -d ${quoted(summary)}`)),
      ...commands.flatMap(commandLines),
    ]),
  ].join('\n');
}

function commandLines({ noun, verb, options, positionals }: CompletedCommand): string[] {
  const at = verb === '' ? `${noun} ${ALONE}` : `${noun} ${verb}`;
  const [first] = positionals;
  const argument = first === undefined ? '' : argumentOf(first.takes);
  return [
    ...(argument === '' ? [] : [line(at, argument)]),
    ...options.map((option) => optionLine(at, option)),
  ];
}

function optionLine(at: string, { name, help, takes }: CompletedOption): string {
  const value = takes.kind === 'nothing' ? '' : takes.kind === 'file' ? ' -r' : ' -x';
  const shown = argumentOf(takes);
  return line(at, `-l ${name}${value}${shown === '' ? '' : ` ${shown}`} -d ${quoted(help)}`);
}

function argumentOf(takes: Takes): string {
  if (takes.kind === 'file') return '-F';
  if (takes.kind === 'directory') return "-a '(__fish_complete_directories)'";
  return takes.kind === 'words' ? `-a '${takes.words.join(' ')}'` : '';
}

function line(at: string, what: string): string {
  const where = at.endsWith(ALONE)
    ? `__keystair_alone ${at.slice(0, -ALONE.length - 1)}`
    : `__keystair_at ${at === '' ? "''" : at}`;
  return `complete -c keystair -n "${where}" ${what}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
