/**
 * Wrong usage: exit code 2, distinguished from a refusal (1) by its class, because a server may answer with the same
 * code.
 */
import { KeystairError } from '#domain/errors.ts';

export class UsageError extends KeystairError {
  constructor(
    message: string,
    options: { nextStep?: string; code?: 'invalid-argument' | 'not-available-yet' } = {},
  ) {
    super(
      options.code ?? 'invalid-argument',
      message,
      options.nextStep === undefined ? {} : { nextStep: options.nextStep },
    );
  }
}
