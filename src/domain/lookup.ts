/**
 * The outcomes of a lookup: the key, or a reason a person can act on. Every reason names the server where it arose and
 * the servers that were asked before.
 */
import type { CompleteKey } from './encryption-key.ts';
import { KeystairError } from './errors.ts';
import { LOOKUP_TIME_UPWARD } from './limits.ts';
import type { LookupReason } from './lookup-reason.ts';
import type { ServerName } from './server-name.ts';
import { type NextStep, step } from './step.ts';

export interface LookupRefusal {
  readonly reason: LookupReason;
  /** The server where the reason arose. */
  readonly at: ServerName;
  /** Every server that looked into its own repository, in order. */
  readonly asked: readonly ServerName[];
  /** ISO 8601; with `primary-unreachable`: since when, null where it was never heard. */
  readonly since?: string | null | undefined;
}

export type LookupOutcome =
  | { readonly outcome: 'found'; readonly key: CompleteKey; readonly source: ServerName }
  | ({ readonly outcome: 'not-found' } & LookupRefusal);

/** Whole milliseconds to wait for the server above, and to tell it, of those that are left here; at least 0. */
export function timeForNextHop(remainingMs: number): number {
  return Math.max(0, Math.floor(remainingMs * LOOKUP_TIME_UPWARD));
}

function list(servers: readonly ServerName[]): string {
  return servers.map((server) => server.name).join(', then ');
}

/** The refusal in words: what is blocking, where, and what fixes it. */
export function explainRefusal(refusal: LookupRefusal): { sentence: string; nextStep: NextStep } {
  const at = refusal.at.name;
  const asked = refusal.asked.length === 0 ? 'no server was asked' : `asked: ${list(refusal.asked)}`;
  switch (refusal.reason) {
    case 'unknown-key':
      return {
        sentence: `no server up to the root has this key (${asked})`,
        nextStep: step('use-hierarchy-at-maker'),
      };
    case 'wrong-claim':
      return {
        sentence: `${at} has this key, but the claim does not fit it (${asked})`,
        nextStep:
          'the header of the file or drive was altered or belongs to another key; use an unaltered copy',
      };
    case 'option-off':
      return {
        sentence: `the option "Use hierarchy of Administration Servers to obtain encryption keys" is off at ${at} (${asked})`,
        nextStep: step('use-hierarchy', { server: at }),
      };
    case 'link-in-dmz':
      return {
        sentence: `the link between ${at} and its primary is marked DMZ, and no key crosses it (${asked})`,
        nextStep: step('bring-key'),
      };
    case 'primary-unreachable':
      return {
        sentence: `${at} cannot reach its primary${refusal.since ? `, last contact at ${refusal.since}` : ' and never has'} (${asked})`,
        nextStep: step('check-network', { server: at }),
      };
    case 'refused-by-primary':
      return {
        sentence: `the primary of ${at} refuses it as a secondary (${asked})`,
        nextStep: step('join-anew', { server: at }),
      };
    case 'loop':
      return {
        sentence: `the servers form a loop: the lookup came back to ${at} (${asked})`,
        nextStep: step('leave-loop', { server: at }),
      };
    case 'too-deep':
      return {
        sentence: `the path to the root is longer than the limit, reached at ${at} (${asked})`,
        nextStep: step('find-loop'),
      };
    case 'deadline':
      return {
        sentence: `the lookup timed out at ${at} (${asked})`,
        nextStep: step('look-at-links'),
      };
    case 'bad-answer':
      return {
        sentence: `the primary of ${at} answered with something that is not this key (${asked})`,
        nextStep: `compare the versions of ${at} and its primary, and check the log of ${at}`,
      };
    case 'later':
      return {
        sentence: `${at} answers no more lookups for now (${asked})`,
        nextStep: `try again in a minute; if it happens again, find out what asks so often, and check the budgets of ${at}`,
      };
  }
}

/** The refusal of a lookup as a failure that a person can act on. */
export function keyUnavailable(keyId: string, refusal: LookupRefusal): KeystairError {
  const { sentence, nextStep } = explainRefusal(refusal);
  return new KeystairError('key-unavailable', `key ${keyId} is not available: ${sentence}`, {
    nextStep,
    details: { reason: refusal.reason, at: refusal.at, asked: refusal.asked },
  });
}
