/**
 * A file on standard output instead of under a name: what has left cannot be taken back, so only the exit code says
 * whether it is whole.
 */
import { KeystairError } from '#domain/errors.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** Stands for standard input or output in place of a file's name. */
export const STANDARD_STREAM = '-';

/** Nobody wants to read it, and it would leave a terminal in disorder. */
export function requirePipedOutput({ outputIsTerminal }: Pick<Terminal, 'outputIsTerminal'>): void {
  if (!outputIsTerminal) return;
  throw new UsageError('the file is written to standard output, and that is a terminal', {
    nextStep: 'name a file, or pipe it to another program',
  });
}

/** At the pace of the reader. A reader that leaves before the end is a failure here. */
export async function writeStandardOutput(
  { print }: Pick<Terminal, 'print'>,
  source: AsyncIterable<Uint8Array>,
): Promise<void> {
  try {
    for await (const block of source) await print(block);
  } catch (error) {
    throw endedEarly(error);
  }
}

/** Unlike under a name, something is left there, and the failure must say what it is. */
function endedEarly(error: unknown): unknown {
  if (!(error instanceof KeystairError)) return error;
  return new KeystairError(error.code, `${error.message}; standard output is incomplete`, {
    nextStep: error.code === 'interrupted' ? 'run the command again' : (error.nextStep ?? ''),
    cause: error,
  });
}
