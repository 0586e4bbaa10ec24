/** What people are told about a transfer that failed: only what is known, and what to do. */
import { KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';

export function nothingWritten(what: string): KeystairError {
  return new KeystairError('interrupted', `stopped before the ${what} was whole`, {
    nextStep: 'no file was left; run the command again',
  });
}

export function nothingImported(): KeystairError {
  return new KeystairError('interrupted', 'the command was stopped before the import was confirmed', {
    nextStep: 'nothing was imported; run the command again',
  });
}

export function inDoubt({ code, cause }: KeystairError): KeystairError {
  const who = code === 'interrupted' ? 'the command' : 'the server';
  return new KeystairError(code, `${who} stopped before it was known whether the import is confirmed`, {
    nextStep: 'run the command again while the server runs; keys that are already there stay as they are',
    cause,
  });
}

export function brokeOff(what: string, cause: unknown): KeystairError {
  return new KeystairError('interrupted', `the server broke the ${what} off`, {
    nextStep: step('make-file-again'),
    cause,
  });
}

export function confirmedAlready(cause: unknown): KeystairError {
  return new KeystairError(
    'interrupted',
    'the file was whole and the import is confirmed, but not waited for',
    {
      nextStep: 'nothing needs to be done: the server finishes it, even after a restart',
      cause,
    },
  );
}
