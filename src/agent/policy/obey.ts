/**
 * Holds each drive against the policy: the state that is shown and reported.
 *
 * Invariant: it never formats, encrypts or decrypts. What a rule demands and only a person can do is named with the
 * command that does it.
 */
import { KeystairError } from '#domain/errors.ts';
import { type JudgedDrive, judgeDrive } from '#domain/policy/drive-rule.ts';
import type { PolicySettings } from '#domain/policy/settings.ts';
import { type Notice, step } from '#domain/step.ts';
import type { DriveHere } from '#protocol/agent-program.ts';

export function obeyed(drive: DriveHere & { readonly exempt: boolean }, settings: PolicySettings): DriveHere {
  const { exempt, ...here } = drive;
  const { path, uuid, problem } = here;
  const seen = { ...here, exempt, encrypted: uuid !== null, faulty: here.state === 'error' };
  const { rule, state, demanded, lacks } = judgeDrive(settings, seen);
  return {
    ...here,
    rule,
    state,
    problem: problem ?? lackOf(path, lacks),
    ...(demanded === undefined ? {} : { demanded }),
  };
}

function lackOf(path: string, lacks: JudgedDrive['lacks']): Notice | null {
  switch (lacks) {
    case 'custody':
      return new KeystairError('drive-no-token', `the policy demands that the key of ${path} is in custody`, {
        nextStep: step('adopt-by-policy', { path }),
      }).notice;
    case 'encryption':
      return new KeystairError('drive-not-luks', `the policy demands that ${path} is encrypted`, {
        nextStep: step('encrypt-by-policy', { path }),
      }).notice;
    case undefined:
      return null;
  }
}
