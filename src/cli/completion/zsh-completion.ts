/** Tab completion for zsh, with help beside each word: one function whose cases come from the command table. */
import {
  AT_THE_START,
  type CompletedCommand,
  type CompletedNoun,
  type CompletedOption,
  HELP,
  namesAlone,
  type Takes,
} from './completed-commands.ts';

/** Nouns that take no verb. */
const frameBegins = (alone: string) => `#compdef keystair
# Tab completion of keystair for zsh, made by: keystair completion zsh
_keystair() {
  local noun='' verb='' at
  local -a found
  for ((at = 2; at < CURRENT; at++)); do
    [[ \${words[at]} == -* ]] && continue
    if [[ -n $noun ]]; then
      verb=\${words[at]}
      break
    fi
    noun=\${words[at]}
    [[ ' ${alone} ' == *" $noun "* ]] && break
  done
  if ((at < CURRENT)); then
    words=("\${(@)words[at,-1]}")
    ((CURRENT -= at - 1))
  fi
  case "$noun $verb" in`;

const FRAME_ENDS = `  esac
}
if [[ $funcstack[1] == _keystair ]]; then
  _keystair "$@"
else
  compdef _keystair keystair
fi`;

export function zshCompletion(nouns: readonly CompletedNoun[]): string {
  const names = nouns.map(({ name, summary }) => described(name, summary));
  return [
    frameBegins(namesAlone(nouns)),
    `    ' ') if [[ $PREFIX == -* ]]; then _arguments ${AT_THE_START.map(optionSpec).join(' ')}; else ${choice([...names, described(HELP, 'what a command does')])}; fi ;;`,
    `    '${HELP} ') ${choice(names)} ;;`,
    ...nouns.flatMap(({ name, commands, alone }) =>
      alone !== undefined
        ? [commandCase(alone)]
        : [
            `    '${name} ') ${choice(commands.map(({ verb, summary }) => described(verb, summary)))} ;;`,
            ...commands.map(commandCase),
          ],
    ),
    FRAME_ENDS,
  ].join('\n');
}

function commandCase({ noun, verb, options, positionals }: CompletedCommand): string {
  const specs = [
    ...options.map(optionSpec),
    ...positionals.map(({ placeholder, takes }, index) =>
      quoted(`${index + 1}:${placeholder}:${action(takes)}`),
    ),
  ];
  return `    '${noun} ${verb}') _arguments ${specs.join(' ')} ;;`;
}

function optionSpec({ name, help, placeholder, repeatable, takes }: CompletedOption): string {
  const text = help.replaceAll(/[[\]\\]/g, String.raw`\$&`);
  if (takes.kind === 'nothing') return quoted(`--${name}[${text}]`);
  const before = repeatable ? '*' : '';
  return quoted(
    `${before}--${name}=[${text}]:${placeholder.replaceAll(':', String.raw`\:`)}:${action(takes)}`,
  );
}

function action(takes: Takes): string {
  if (takes.kind === 'file') return '_files';
  if (takes.kind === 'directory') return '_files -/';
  return takes.kind === 'words' ? `(${takes.words.join(' ')})` : ' ';
}

function choice(words: readonly string[]): string {
  return `found=(${words.join(' ')}); _describe -t commands command found`;
}

function described(word: string, text: string): string {
  return quoted(`${word}:${text}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
