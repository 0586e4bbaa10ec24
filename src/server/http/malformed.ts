/** A person's call whose fields do not have their form, as a failure that names the field. */
import { KeystairError } from '#domain/errors.ts';

export function malformed(
  issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined,
): KeystairError {
  const where = issue === undefined || issue.path.length === 0 ? 'the request' : issue.path.join('.');
  return new KeystairError('invalid-argument', `${where}: ${issue?.message ?? 'is malformed'}`, {
    nextStep: 'see `keystair --help`',
  });
}
