/** The operating system's error for a file that cannot be read or written, as a failure a person can act on. */
import { type ErrorCode, KeystairError } from '#domain/errors.ts';

const FAILURES: Readonly<Record<string, readonly [code: ErrorCode, why: string, nextStep: string]>> = {
  ENOENT: ['not-found', 'it does not exist', 'check the path'],
  ENOTDIR: ['not-found', 'a part of its path is not a directory', 'check the path'],
  EISDIR: ['invalid-argument', 'it is a directory', 'name a file'],
  EEXIST: ['file-exists', 'it already exists', 'choose another name'],
  EACCES: ['not-allowed', 'permission denied', 'check who owns it, or run the command as that user'],
  EPERM: ['not-allowed', 'permission denied', 'check who owns it, or run the command as that user'],
  EROFS: ['data-not-writable', 'the file system is read-only', 'choose another place'],
  ENOSPC: [
    'disk-full',
    'no space is left',
    'free some space there or name another place, and run the command again',
  ],
  EDQUOT: [
    'disk-full',
    'the disk quota is used up',
    'free some space or name another place, and run the command again',
  ],
  EFBIG: ['disk-full', 'the file is too large for its file system', 'name another place'],
  ENAMETOOLONG: ['path-too-long', 'its name is too long', 'choose a shorter name'],
  EPIPE: ['interrupted', 'its reader has stopped', 'run the command again'],
  EIO: ['interrupted', 'the disk reports an error', 'check the system log, and use another copy or disk'],
  EBUSY: ['interrupted', 'it is in use', 'stop what uses it, and run the command again'],
  ELOOP: ['not-found', 'its symbolic links form a loop', 'check the path'],
  EMFILE: ['interrupted', 'too many files are open', 'stop other programs, or raise the limit of open files'],
  ENFILE: ['interrupted', 'too many files are open', 'stop other programs, or raise the limit of open files'],
  EBADF: ['interrupted', 'it is closed', 'open it for the command, or name a file'],
};

/** Shares and sticks give many undocumented errors: the system's own code for one is better than nothing. */
function unforeseen({ code }: NodeJS.ErrnoException): readonly [code: ErrorCode, why: string, next: string] {
  return [
    'interrupted',
    `the system reports ${code}`,
    'check the system log, and use another place or another disk',
  ];
}

export function interrupted(): KeystairError {
  return new KeystairError('interrupted', 'stopped before it was done', {
    nextStep: 'run the command again',
  });
}

/**
 * Our own failures, and errors that are not the system's, pass through unchanged.
 *
 * @param what was tried, for instance "open /a/b".
 * @param left what became of it, said before the next step.
 */
export function fileFailure(error: unknown, what: string, left?: string): unknown {
  if (error instanceof KeystairError || !(error instanceof Error)) return error;
  if (error.name === 'AbortError') return interrupted();
  const failure: NodeJS.ErrnoException = error;
  const known = FAILURES[failure.code ?? ''];
  if (known === undefined && failure.syscall === undefined) return error;
  const [code, why, nextStep] = known ?? unforeseen(failure);
  return new KeystairError(code, `could not ${what}: ${why}`, {
    nextStep: left === undefined ? nextStep : `${left}; ${nextStep}`,
    cause: error,
  });
}
