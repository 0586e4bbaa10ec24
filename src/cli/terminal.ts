/**
 * Standard output and standard error, and what belongs on which. Standard output carries results only and is written
 * whole; everything else goes to standard error. A reader that stops listening (EPIPE) is not an error.
 */
import { KeystairError } from '#domain/errors.ts';

/** `destroy` lets go of it before its end. */
type Input = AsyncIterable<Buffer | string> & { readonly destroy?: () => unknown };

export interface Terminal {
  /** Standard output. Resolves when it was taken. */
  readonly print: (text: string | Uint8Array) => Promise<void>;
  readonly outputIsTerminal: boolean;
  /** Standard error, one line. */
  readonly say: (line: string) => void;
  /** Standard error, the line that is there replaced; undefined where it is no terminal. `''` takes it away. */
  readonly paint?: (line: string) => void;
  readonly input: Input;
  /** Standard input is a person and not a pipe. */
  readonly inputIsPerson: boolean;
}

/** Standard output was closed by its reader, as `| head` does. */
export class OutputClosed extends Error {}

function outputFailure(cause: NodeJS.ErrnoException): Error {
  if (cause.code === 'EPIPE') return new OutputClosed('standard output was closed', { cause });
  const full = cause.code === 'ENOSPC' || cause.code === 'EDQUOT';
  return new KeystairError(full ? 'disk-full' : 'interrupted', 'standard output could not be written', {
    nextStep: full ? 'make room where it is redirected to, and try again' : 'try again with another output',
    cause,
  });
}

/** @param streams the process's own, or a test's. */
export function createTerminal(streams: {
  readonly stdin: Input & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}): Terminal {
  // Failures of single writes are told to their callers; without listeners the stream's own event would crash.
  streams.stdout.on('error', () => {});
  streams.stderr.on('error', () => {});
  return {
    print: (text) =>
      new Promise((resolve, reject) => {
        streams.stdout.write(text, (error) => {
          if (error === null || error === undefined) resolve();
          else reject(outputFailure(error));
        });
      }),
    outputIsTerminal: streams.stdout.isTTY === true,
    say: (line) => {
      streams.stderr.write(`${line}\n`);
    },
    ...(streams.stderr.isTTY === true
      ? { paint: (line: string) => void streams.stderr.write(`\r\u001B[K${line}`) }
      : {}),
    input: streams.stdin,
    inputIsPerson: streams.stdin.isTTY === true,
  };
}
