/** What a failed call to the primary says about the link, and how a person is told. */
import { codeOf, type ErrorCode, KeystairError } from '#domain/errors.ts';
import type { ServerName } from '#domain/server-name.ts';

export type PrimaryState = 'connected' | 'unreachable' | 'refused' | 'never-heard';

/** With these codes the primary refuses this server, rather than being out of reach. */
export const REFUSING: ReadonlySet<ErrorCode> = new Set([
  'not-a-member',
  'protocol-version',
  'certificate-expired',
]);
const NOT_REACHED: ReadonlySet<ErrorCode> = new Set([
  'server-unreachable',
  'untrusted-server',
  'clock-problem',
  'interrupted',
]);

/**
 * With any other code the primary answered, if only with an error: it is reached, and the problem says what it said.
 */
export function stateAfter(code: ErrorCode): PrimaryState {
  if (REFUSING.has(code)) return 'refused';
  return NOT_REACHED.has(code) ? 'unreachable' : 'connected';
}

/** The primary's refusal, in words that name the primary. */
export function namedFailure(error: unknown, primary: ServerName): unknown {
  if (codeOf(error) !== 'not-a-member') return error;
  return new KeystairError('not-a-member', `${primary.name} does not know this server as its secondary`, {
    nextStep: `if it was removed there, join again with a new invitation from ${primary.name}; its keys stay`,
    cause: error,
  });
}

export function linkClosed(): KeystairError {
  return new KeystairError(
    'link-closed',
    'the link to the primary was closed to keys during a transmission',
    {
      nextStep: 'nothing to do: the keys that arrived stay, the rest were not sent',
    },
  );
}
