/** The mark of a data directory whose filling did not finish: nothing starts on it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';

export const UNFINISHED_FOLDER = 'restoring';

/** Throws `data-damaged` where a restore broke off. */
export function refuseUnfinished(directory: string): void {
  if (!existsSync(join(directory, UNFINISHED_FOLDER))) return;
  throw new KeystairError(
    'data-damaged',
    `a restore into ${directory} was interrupted, or is still running`,
    {
      nextStep: step('restore-again'),
    },
  );
}
