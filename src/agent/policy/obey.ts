/**
 * Holds each drive against the policy: the state that is shown and reported.
 *
 * Invariant: it never formats, encrypts or decrypts. What a rule demands and only a person can do is named with the
 * command that does it.
 */
import { type JudgedDrive, judgeDrive } from '#domain/policy/drive-rule.ts';
import type { PolicySettings } from '#domain/policy/settings.ts';
import { type Notice, notice, step } from '#domain/step.ts';
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
      return notice(
        `the policy demands that the key of ${path} is in custody`,
        step('adopt-by-policy', { path }),
      );
    case 'encryption':
      return notice(`the policy demands that ${path} is encrypted`, step('encrypt-by-policy', { path }));
    case undefined:
      return null;
  }
}
