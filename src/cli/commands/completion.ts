/** `keystair completion …`: the scripts that let a shell complete our commands with the tab key. */
import { command, type Command, type Noun, type Nouns } from '../command.ts';
import { bashCompletion } from '../completion/bash-completion.ts';
import { type CompletedNoun, completedNouns } from '../completion/completed-commands.ts';
import { fishCompletion } from '../completion/fish-completion.ts';
import { zshCompletion } from '../completion/zsh-completion.ts';

interface Shell {
  readonly shell: string;
  readonly script: (nouns: readonly CompletedNoun[]) => string;
  /** A file in the user's home that the shell reads by itself. */
  readonly file: string;
}

/** @param loadNouns the whole table, including this command. */
export function completionCommands(loadNouns: () => Promise<Nouns>): Noun {
  const printed = ({ shell, script, file }: Shell): Command =>
    command({
      summary: `print the completion for ${shell}; to install it: keystair completion ${shell} > ${file}`,
      positionals: {},
      options: {},
      example: `> ${file}`,
      run: async () => {
        const text = script(completedNouns(await loadNouns()));
        return { document: { script: text }, lines: text.split('\n') };
      },
    });
  return {
    summary: 'completion by the tab key, for a shell',
    verbs: {
      bash: printed({
        shell: 'bash',
        script: bashCompletion,
        file: '~/.local/share/bash-completion/completions/keystair',
      }),
      zsh: printed({ shell: 'zsh', script: zshCompletion, file: '~/.zfunc/_keystair' }),
      fish: printed({
        shell: 'fish',
        script: fishCompletion,
        file: '~/.config/fish/completions/keystair.fish',
      }),
    },
  };
}
