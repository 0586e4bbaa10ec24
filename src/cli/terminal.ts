/**
 * The standard streams, and what belongs on which. Standard output carries results only; everything else goes to
 * standard error. Invariant: a result that was not written whole, and an input that was not read whole, is a failure:
 * the exit code promises it.
 */
import { writeSync } from 'node:fs';
import { fileFailure } from '#disk/file-failure.ts';
import { KeystairError } from '#domain/errors.ts';
import { readable } from '#domain/name.ts';

/** `destroy` releases it before its end. */
type Input = AsyncIterable<Buffer | string> & { readonly destroy?: () => unknown };

export interface Terminal {
  /** Standard output. Resolves once it is written. */
  readonly print: (text: string | Uint8Array) => Promise<void>;
  readonly outputIsTerminal: boolean;
  /** Whether standard output takes colours and signs, and its user wants them. */
  readonly coloured: boolean;
  /** Standard error, one line. Invisible characters are escaped. */
  readonly say: (line: string) => void;
  /** The same, for what is shown only once. Resolves once it is written. */
  readonly show: (line: string) => Promise<void>;
  /** For a command that will have to `show` something: throws where standard error is closed, before anything is done. */
  readonly requireShow: () => void;
  /** Standard error, replacing the current line; undefined where it is no terminal. `''` removes the line. */
  readonly paint?: (line: string) => void;
  readonly input: Input;
  /** Standard input is a person and not a pipe. */
  readonly inputIsPerson: boolean;
}

const STANDARD_ERROR = 'standard error';
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);
const WHY: Readonly<Record<string, string>> = {
  EBADF: 'is closed',
  EPIPE: 'was closed by its reader before everything was written',
};

function outputFailure(stream: string, cause: NodeJS.ErrnoException): KeystairError {
  const { code = '' } = cause;
  const full = FULL.has(code);
  return new KeystairError(
    full ? 'disk-full' : 'interrupted',
    `${stream} ${WHY[code] ?? 'could not be written'}`,
    {
      nextStep: `what the command did stays done, but its output is lost; ${full ? 'free some space where it is redirected to' : 'give it another output'}, and run it again`,
      cause,
    },
  );
}

type Output = NodeJS.WritableStream & { readonly isTTY?: boolean };
type ErrorOutput = Output & { readonly fd?: number };

function write(stream: Output, name: string, text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(outputFailure(name, error));
    });
  });
}

/** Writes nothing, yet the system reports a stream that is closed. */
function requireOpen({ fd }: ErrorOutput): void {
  if (fd === undefined) return;
  try {
    writeSync(fd, '');
  } catch (error) {
    throw new KeystairError(
      'interrupted',
      'standard error is closed, and the command shows something there only once',
      {
        nextStep: 'nothing was done; give it another output, and run the command again',
        cause: error,
      },
    );
  }
}

/** The same input, with its failures in our codes. */
function named(stdin: Input): Input {
  async function* bytes(): AsyncGenerator<Buffer | string, void, undefined> {
    try {
      yield* stdin;
    } catch (error) {
      throw fileFailure(error, 'read standard input');
    }
  }
  return { [Symbol.asyncIterator]: bytes, destroy: () => stdin.destroy?.() };
}

/** @param streams the process's own, or a test's; `plain` where no colours are wanted. */
export function createTerminal(
  streams: {
    readonly stdin: Input & { readonly isTTY?: boolean };
    readonly stdout: Output;
    readonly stderr: ErrorOutput;
  },
  { plain }: { readonly plain: boolean },
): Terminal {
  // Failures of single writes go to their callers; without listeners the stream's own event would crash.
  streams.stdout.on('error', () => {});
  streams.stderr.on('error', () => {});
  return {
    print: (text) => write(streams.stdout, 'standard output', text),
    outputIsTerminal: streams.stdout.isTTY === true,
    coloured: streams.stdout.isTTY === true && !plain,
    say: (line) => {
      streams.stderr.write(`${readable(line)}\n`);
    },
    show: (line) => write(streams.stderr, STANDARD_ERROR, `${readable(line)}\n`),
    requireShow: () => requireOpen(streams.stderr),
    ...(streams.stderr.isTTY === true
      ? { paint: (line: string) => void streams.stderr.write(`\r\u001B[K${readable(line)}`) }
      : {}),
    input: named(streams.stdin),
    inputIsPerson: streams.stdin.isTTY === true,
  };
}
