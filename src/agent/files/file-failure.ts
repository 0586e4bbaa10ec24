/** What the operating system says when a file cannot be read or written, as a failure a person can act on. */
import { type ErrorCode, KeystairError } from '#domain/errors.ts';

const FAILURES: Readonly<Record<string, readonly [code: ErrorCode, why: string, nextStep: string]>> = {
  ENOENT: ['not-found', 'it does not exist', 'check the path'],
  ENOTDIR: ['not-found', 'a part of its path is not a folder', 'check the path'],
  EISDIR: ['invalid-argument', 'it is a folder', 'name a file'],
  EACCES: ['not-allowed', 'permission denied', 'check who owns it, or run as that user'],
  EPERM: ['not-allowed', 'permission denied', 'check who owns it, or run as that user'],
  EROFS: ['data-not-writable', 'the file system is read-only', 'choose another place'],
  ENOSPC: ['disk-full', 'no space is left', 'free some space and try again'],
  EDQUOT: ['disk-full', 'the disk quota is used up', 'free some space and try again'],
  EFBIG: ['disk-full', 'the file is too large for its file system', 'choose another place'],
  ENAMETOOLONG: ['path-too-long', 'its name is too long', 'choose a shorter name'],
  EPIPE: ['interrupted', 'whoever reads it has stopped', 'try again'],
  EIO: ['tool-failed', 'the disk reports an error', 'look at the system log, and use another copy or disk'],
};

export function interrupted(): KeystairError {
  return new KeystairError('interrupted', 'stopped before it was done', {
    nextStep: 'run the command again',
  });
}

/** `what` was tried, for instance "open /a/b". Our own failures pass through as they are. */
export function fileFailure(error: unknown, what: string): unknown {
  if (error instanceof KeystairError || !(error instanceof Error)) return error;
  if (error.name === 'AbortError') return interrupted();
  const known = FAILURES[(error as NodeJS.ErrnoException).code ?? ''];
  if (known === undefined) return error;
  const [code, why, nextStep] = known;
  return new KeystairError(code, `could not ${what}: ${why}`, { nextStep, cause: error });
}
