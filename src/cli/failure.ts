/**
 * A failure as a person sees it: one line, `keystair: CODE: sentence`, where the sentence names the next step. Failures
 * of the operating system become our codes here; anything else is our defect and shows nothing of its content.
 */
import { fileFailure } from '#disk/file-failure.ts';
import { KeystairError } from '#domain/errors.ts';
import { readable } from '#domain/name.ts';
import { failureWords } from './next-steps.ts';

/** What a system call attempts, where its own name says it badly. */
const TRIES: Readonly<Record<string, string>> = {
  access: 'open',
  lstat: 'look at',
  mkdir: 'make',
  scandir: 'list',
  stat: 'look at',
};

function isSystemFailure(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error;
}

/** Turns any thrown thing into a failure with a code. */
export function failureOf(error: unknown): KeystairError {
  if (error instanceof KeystairError) return error;
  if (isSystemFailure(error)) {
    const { syscall = 'use', path = 'the path' } = error;
    const named = fileFailure(error, `${TRIES[syscall] ?? syscall} ${path}`);
    if (named instanceof KeystairError) return named;
  }
  return new KeystairError('internal', 'the program failed unexpectedly', {
    nextStep: 'run the command again with --debug and report what it prints',
    cause: error,
  });
}

/** Always one line, whatever is in the message. */
export function failureLine(error: KeystairError): string {
  return `keystair: ${error.code}: ${readable(failureWords(error).replaceAll(/\s*\n\s*/g, ' '))}`;
}

/** For `--debug`: where it failed, and the cause. */
export function failureTrace(error: KeystairError): string {
  const parts = [error.stack ?? error.message];
  for (let cause: unknown = error.cause; cause instanceof Error && parts.length < 8; cause = cause.cause) {
    parts.push(`caused by: ${cause.stack ?? cause.message}`);
  }
  return parts.join('\n');
}
