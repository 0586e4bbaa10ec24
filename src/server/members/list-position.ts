/** Where a page of a list begins, as a client gives it back. */
import { KeystairError } from '#domain/errors.ts';

export function noSuchPosition(): KeystairError {
  return new KeystairError('invalid-argument', 'this server did not give the position to list from', {
    nextStep: 'list from the beginning, and pass `next` of each page as `after`',
  });
}
