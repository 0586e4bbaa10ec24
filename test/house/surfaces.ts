/**
 * Words stand in one place: commands of the command line in `src/cli/`, what tests expect of sentences in
 * `test/sentences/`.
 */
import type { SourceFile } from './source-text.ts';

/** Between back-quotes, as people are shown it: also in a template, where they are escaped. */
const COMMAND = /`keystair [a-z-]/;
const COMMENT_LINE = /^\s*(?:\/?\*|\/\/).*$/gm;

export function commandFaults({ path, text }: SourceFile): string[] {
  // A page shows commands that are run on other machines.
  if (path.startsWith('src/cli/') || path === 'src/console/texts/commands.ts') return [];
  const found = COMMAND.exec(text.replaceAll(COMMENT_LINE, ''));
  return found === null ? [] : ['tells people a command: name a step (src/domain/steps.ts)'];
}

/** A test that expects words of a failure, in the property of an expected error or in what a command printed. */
const EXPECTED_WORDS = [
  /\b(?:message|nextStep|sentence):\s*(?:\/[^/*]|new RegExp\(`)/,
  /\bassert\.(?:match|doesNotMatch)\([^;]*?\b(?:message|sentence|stderr|failureSentence|failureWords|refusedWith)\b[^;]*?\/[^/\n;]*[a-z]{3,} [a-z][^/\n;]*\//,
];

export function expectedWordsFaults({ path, text }: SourceFile): string[] {
  if (!path.startsWith('test/') || /^test\/(?:sentences|house)\//.test(path)) return [];
  const code = text.replaceAll(COMMENT_LINE, '');
  return EXPECTED_WORDS.some((pattern) => pattern.test(code))
    ? ['expects words of a failure: assert its code or details, or take the words from test/sentences/']
    : [];
}
