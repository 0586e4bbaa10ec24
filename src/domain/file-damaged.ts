/** The failure for an encrypted file that was altered or cut: the remedy is the same for all its parts. */
import { KeystairError } from './errors.ts';

export function fileDamaged(sentence: string, details?: Readonly<Record<string, unknown>>): KeystairError {
  return new KeystairError('file-damaged', sentence, {
    nextStep: 'use an unaltered copy of the file',
    ...(details === undefined ? {} : { details }),
  });
}

/** The key that the header names was obtained, and opens none of its stanzas. */
export function cannotOpen(keyId: string): KeystairError {
  return new KeystairError(
    'file-damaged',
    `the header of the file names key ${keyId}, which does not open it`,
    { nextStep: 'the header was altered; use an unaltered copy of the file' },
  );
}
