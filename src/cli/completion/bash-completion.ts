/** Tab completion for bash 4.4 and newer: one function whose cases come from the command table. */
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
const frameBegins = (
  alone: string,
) => `# Tab completion of keystair for bash, made by: keystair completion bash
_keystair() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} noun='' verb='' found='' kind='' at
  # bash takes --data=DIR for three words.
  if [[ $word == '=' ]]; then
    word=''
  elif [[ $before == '=' ]]; then
    before=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((at = 1; at < COMP_CWORD; at++)); do
    if [[ \${COMP_WORDS[at]} == -* ]]; then continue; fi
    if [[ -n $noun ]]; then
      verb=\${COMP_WORDS[at]}
      break
    fi
    noun=\${COMP_WORDS[at]}
    if [[ ' ${alone} ' == *" $noun "* ]]; then break; fi
  done
  case "$noun $verb" in`;

const FRAME_ENDS = `  esac
  case $kind in
    text) COMPREPLY=() ;;
    file | directory)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen "$([[ $kind == file ]] && echo -f || echo -d)" -- "$word")
      ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$found" -- "$word") ;;
  esac
}
complete -F _keystair keystair`;

export function bashCompletion(nouns: readonly CompletedNoun[]): string {
  const names = nouns.map(({ name }) => name).join(' ');
  return [
    frameBegins(namesAlone(nouns)),
    // Before the noun, and after `help`.
    `    ' ') ${orOptions(`found='${names} ${HELP}'`, AT_THE_START)} ;;`,
    `    '${HELP} ') found='${names}' ;;`,
    ...nouns.flatMap(({ name, commands, alone }) =>
      alone !== undefined
        ? [commandCase(alone)]
        : [
            `    '${name} ') found='${commands.map(({ verb }) => verb).join(' ')}' ;;`,
            ...commands.map(commandCase),
          ],
    ),
    FRAME_ENDS,
  ].join('\n');
}

function commandCase({ noun, verb, options, positionals }: CompletedCommand): string {
  const [first] = positionals;
  const otherwise = first === undefined ? undefined : valueOf(first.takes);
  return [
    `    '${noun} ${verb}')`,
    '      case $before in',
    ...options
      .filter(({ takes }) => takes.kind !== 'nothing')
      .map(({ name, takes }) => `        --${name}) ${valueOf(takes)} ;;`),
    `        *) ${otherwise === undefined ? optionWords(options) : orOptions(otherwise, options)} ;;`,
    '      esac',
    '      ;;',
  ].join('\n');
}

function valueOf(takes: Takes): string {
  return takes.kind === 'words' ? `found='${takes.words.join(' ')}'` : `kind=${takes.kind}`;
}

function optionWords(options: readonly CompletedOption[]): string {
  return `found='${options.map(({ name }) => `--${name}`).join(' ')}'`;
}

function orOptions(otherwise: string, options: readonly CompletedOption[]): string {
  return `if [[ $word == -* ]]; then ${optionWords(options)}; else ${otherwise}; fi`;
}
