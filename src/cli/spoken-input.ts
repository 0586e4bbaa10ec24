/**
 * Blocks that somebody reads out: from a file, a pipe, or typed line by line at a terminal, where each line is judged at
 * once, so that only the wrong block is read out again.
 */
import { KeystairError } from '#domain/errors.ts';
import { decodeSpokenText, firstGroups, groupsIn, spokenGroups } from '#domain/spoken-text.ts';
import { readText } from './secrets.ts';
import { STANDARD_STREAM } from './standard-streams.ts';
import type { Terminal } from './terminal.ts';

/** Room for blanks and line ends, and for a comment or two. */
const SPOKEN_BYTES_MAX = 4096;

type Where = Pick<Terminal, 'input' | 'inputIsPerson' | 'say'>;

/** @param bytes of the whole text. */
export async function readSpoken(
  source: string,
  called: string,
  bytes: number,
  terminal: Where,
): Promise<string> {
  if (source !== STANDARD_STREAM || !terminal.inputIsPerson)
    return await readText(source, { called, question: called, bytesMax: SPOKEN_BYTES_MAX }, terminal);
  terminal.say(
    'Type the blocks as they are read to you, a few in each line. Case, blanks and dashes do not matter.',
  );
  let written = '';
  let line = '';
  for await (const chunk of terminal.input) {
    line += String(chunk);
    if (line.length > SPOKEN_BYTES_MAX) break;
    if (!line.endsWith('\n')) continue;
    const before = groupsIn(written);
    written += line;
    line = '';
    // What is typed beyond the end says nothing.
    const whole = firstGroups(written, spokenGroups(bytes));
    const read = decodeSpokenText(whole, bytes);
    if ('bytes' in read) return whole;
    if ('wrongGroup' in read) {
      written = firstGroups(written, read.wrongGroup - 1);
      terminal.say(
        `Block ${read.wrongGroup} is not right. Have it read again, and type on from block ${read.wrongGroup}.`,
      );
    } else if (groupsIn(written) > before) terminal.say(`Right up to block ${groupsIn(written)}.`);
  }
  throw new KeystairError('interrupted', `${called} was not typed to its end`, {
    nextStep: 'run the command again',
  });
}

/** Each line of blocks below the numbers of its first and last. What is pasted back is read all the same. */
export function numberedLines(blocks: string): string[] {
  let first = 1;
  return blocks.split('\n').flatMap((line) => {
    const last = first + line.split(' ').length - 1;
    const head = `# blocks ${first} to ${last}`;
    first = last + 1;
    return [head, line];
  });
}
