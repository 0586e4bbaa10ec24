/**
 * A failure as a person sees it: one line, `keystair: CODE: sentence`, the sentence naming the next step. Failures of
 * the operating system are put into our codes here; anything else is our defect and says nothing of its content.
 */
import { type ErrorCode, KeystairError } from '#domain/errors.ts';
import { printable } from './table.ts';

const SYSTEM_FAILURES: Readonly<Record<string, { code: ErrorCode; says: string; nextStep: string }>> = {
  ENOENT: { code: 'not-found', says: 'there is no file or directory', nextStep: 'check the path' },
  ENOTDIR: {
    code: 'invalid-argument',
    says: 'a part that is no directory lies in',
    nextStep: 'check the path',
  },
  EISDIR: { code: 'invalid-argument', says: 'a directory, not a file, is', nextStep: 'name a file' },
  ENAMETOOLONG: { code: 'path-too-long', says: 'too long is', nextStep: 'use a shorter path' },
  EACCES: {
    code: 'not-allowed',
    says: 'this user may not open',
    nextStep: 'run the command as the user who owns it',
  },
  EPERM: {
    code: 'not-allowed',
    says: 'this user may not change',
    nextStep: 'run the command as the user who owns it',
  },
  EROFS: { code: 'not-allowed', says: 'on a read-only disk is', nextStep: 'choose another place' },
  EEXIST: { code: 'file-exists', says: 'there is already', nextStep: 'choose another name' },
  ENOSPC: { code: 'disk-full', says: 'the disk has no room for', nextStep: 'make room and try again' },
  EIO: {
    code: 'file-damaged',
    says: 'the disk failed to read or write',
    nextStep: 'use a copy on another disk',
  },
  EDQUOT: { code: 'disk-full', says: 'the quota has no room for', nextStep: 'make room and try again' },
};

function isSystemFailure(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error;
}

/** Any thrown thing as a failure with a code. */
export function failureOf(error: unknown): KeystairError {
  if (error instanceof KeystairError) return error;
  if (isSystemFailure(error)) {
    const known = SYSTEM_FAILURES[error.code ?? ''];
    if (known !== undefined) {
      const { code, says, nextStep } = known;
      return new KeystairError(code, `${says} ${error.path ?? 'what was named'}`, {
        nextStep,
        cause: error,
      });
    }
  }
  return new KeystairError('internal', 'the program failed inside', {
    nextStep: 'run the command again with --debug and report what it prints',
    cause: error,
  });
}

/** Always one line, whatever the message holds. */
export function failureLine(error: KeystairError): string {
  return `keystair: ${error.code}: ${printable(error.sentence.replaceAll(/\s*\n\s*/g, ' '))}`;
}

/** For `--debug`: where it failed, and why that failed. */
export function failureTrace(error: KeystairError): string {
  const parts = [error.stack ?? error.message];
  for (let cause: unknown = error.cause; cause instanceof Error && parts.length < 8; cause = cause.cause) {
    parts.push(`caused by: ${cause.stack ?? cause.message}`);
  }
  return parts.join('\n');
}
