/** The words of one surface stay there: no other part of src tells people a command of the command line. */
import type { SourceFile } from './source-text.ts';

/** Between back-quotes, as people are shown it: also in a template, where they are escaped. */
const COMMAND = /`keystair [a-z-]/;
const COMMENT_LINE = /^\s*(?:\/?\*|\/\/).*$/gm;

export function commandFaults({ path, text }: SourceFile): string[] {
  if (path.startsWith('src/cli/')) return [];
  const found = COMMAND.exec(text.replaceAll(COMMENT_LINE, ''));
  return found === null ? [] : ['tells people a command: name a step (src/domain/steps.ts)'];
}
