/**
 * Holds each drive against the policy: the state that is shown and reported.
 *
 * Invariant: it never formats, encrypts or decrypts. What a rule demands and only a person can do is named with the
 * command that does it.
 */
import { KeystairError } from '#domain/errors.ts';
import { type JudgedDrive, judgeDrive, mayHave } from '#domain/policy/drive-rule.ts';
import { MADE_DRIVE_ALGORITHM, type PolicySettings } from '#domain/policy/settings.ts';
import { type Notice, notice, step } from '#domain/step.ts';
import type { DriveHere } from '#protocol/agent-program.ts';

const ALLOW_IT = 'let an administrator allow this cipher in driveAlgorithms of the policy';

/** A drive as it was found, before it is held against the policy. */
export interface SeenHere extends DriveHere {
  readonly exempt: boolean;
  /** What its data is encrypted with; undefined where that is unknown. */
  readonly algorithm?: string | undefined;
  /** It has to be converted before it can name its key. */
  readonly luks1?: true;
}

export function obeyed(drive: SeenHere, settings: PolicySettings): DriveHere {
  const { exempt, algorithm, luks1 = false, ...here } = drive;
  const { uuid, problem } = here;
  const encrypted = uuid !== null || luks1;
  const seen = { ...here, exempt, algorithm, encrypted, faulty: here.state === 'error' };
  const { rule, state, demanded, lacks } = judgeDrive(settings, seen);
  return {
    ...here,
    rule,
    state,
    problem: problem ?? lackOf(drive, lacks, settings),
    ...(demanded === undefined ? {} : { demanded }),
  };
}

function lackOf(
  { path, algorithm, luks1 }: SeenHere,
  lacks: JudgedDrive['lacks'],
  settings: PolicySettings,
): Notice | null {
  switch (lacks) {
    case 'custody':
      return notice(
        `the policy demands that the key of ${path} is in custody`,
        step(luks1 ? 'convert-by-policy' : 'adopt-by-policy', { path }),
      );
    case 'encryption':
      return notice(`the policy demands that ${path} is encrypted`, step('encrypt-by-policy', { path }));
    case 'algorithm': {
      const sentence = `${path} is encrypted with ${algorithm ?? 'an unknown cipher'}, and the policy allows ${allowedWords(settings)}`;
      // What a device would make then is not allowed either.
      if (!mayHave(settings, MADE_DRIVE_ALGORITHM)) return notice(sentence, ALLOW_IT);
      return notice(sentence, step('encrypt-anew-by-policy', { path }));
    }
    case undefined:
      return null;
  }
}

function allowedWords({ driveAlgorithms }: PolicySettings): string {
  return driveAlgorithms.length === 0 ? 'none' : driveAlgorithms.join(', ');
}

/** Throws `not-allowed` where a drive that this device makes would not be what its policy says. */
export function requireMakesAllowed(settings: PolicySettings): void {
  if (mayHave(settings, MADE_DRIVE_ALGORITHM)) return;
  throw new KeystairError(
    'not-allowed',
    `drives are made with ${MADE_DRIVE_ALGORITHM}, and the policy of this device allows ${allowedWords(settings)}`,
    {
      nextStep: `nothing was changed; let an administrator allow ${MADE_DRIVE_ALGORITHM} in driveAlgorithms of the policy, or make the volume with cryptsetup and take it into custody`,
    },
  );
}
