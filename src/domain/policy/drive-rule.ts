/**
 * What a policy says of one drive, and how far the drive is what it says.
 *
 * Invariant: a rule judges and never acts. Nothing here says that a drive is to be formatted or decrypted.
 */
import type { DriveState } from '../drive-report.ts';
import {
  DRIVE_ALGORITHMS,
  type FixedDriveRule,
  type PolicySettings,
  type RemovableDriveRule,
  removableRule,
} from './settings.ts';

/** A drive as the device sees it. */
export interface SeenDrive {
  readonly removable: boolean;
  readonly serial: string | null;
  readonly model: string | null;
  /** Firmware or boot loader read it before anything can be decrypted, or nothing can be written to it. */
  readonly exempt: boolean;
  readonly encrypted: boolean;
  /** The key of ours that it names. */
  readonly key: string | null;
  /** What its data is encrypted with, for instance `aes-xts-plain64/512`; undefined where that is unknown. */
  readonly algorithm: string | undefined;
  /** It could not be read, or does not open with its key. */
  readonly faulty: boolean;
}

export type DriveRule = FixedDriveRule | RemovableDriveRule;

export interface JudgedDrive {
  readonly rule: DriveRule;
  readonly state: DriveState;
  /** Whether the rule says that its key must be in custody; undefined where there is no such rule. */
  readonly demanded: boolean | undefined;
  /** What the rule says and is not so. */
  readonly lacks: 'custody' | 'encryption' | 'algorithm' | undefined;
}

export function judgeDrive(settings: PolicySettings, drive: SeenDrive): JudgedDrive {
  if (drive.removable) return judgeRemovable(settings, drive);
  const rule = drive.exempt ? 'leave' : settings.fixedDrives;
  switch (rule) {
    case 'leave':
      return { rule, ...withoutRule(drive) };
    case 'take-into-custody':
      return { rule, ...(drive.encrypted ? mustBeKept(settings, drive) : withoutRule(drive)) };
    case 'require':
      return { rule, ...(drive.encrypted || drive.faulty ? mustBeKept(settings, drive) : LACKS_ENCRYPTION) };
  }
}

type Judged = Omit<JudgedDrive, 'rule'>;

const LACKS_ENCRYPTION: Judged = { state: 'error', demanded: true, lacks: 'encryption' };

/** What is not encrypted is met when it is plugged in, not here. */
function judgeRemovable(settings: PolicySettings, drive: SeenDrive): JudgedDrive {
  const { serial, model } = drive;
  const rule = removableRule(settings, { serial: serial ?? undefined, model: model ?? undefined });
  const isKept = rule === 'encrypt-before-writing' && drive.key !== null;
  return { rule, ...(isKept ? mustBeKept(settings, drive) : withoutRule(drive)) };
}

function mustBeKept(settings: PolicySettings, { key, faulty, algorithm }: SeenDrive): Judged {
  if (faulty) return { state: 'error', demanded: true, lacks: undefined };
  // Custody first: it takes a minute, and another cipher takes a new drive.
  if (key === null) return { state: 'error', demanded: true, lacks: 'custody' };
  return mayHave(settings, algorithm)
    ? { state: 'done', demanded: true, lacks: undefined }
    : { state: 'error', demanded: true, lacks: 'algorithm' };
}

/**
 * Whether a drive in custody may have it. Who allows all ciphers that are known, as the default does, restricts nothing:
 * a drive with an older one is no error only because it came into custody.
 */
export function mayHave(
  { driveAlgorithms }: Pick<PolicySettings, 'driveAlgorithms'>,
  algorithm: string | undefined,
): boolean {
  if (DRIVE_ALGORITHMS.every((known) => driveAlgorithms.includes(known))) return true;
  return driveAlgorithms.some((allowed) => allowed === algorithm);
}

function withoutRule({ encrypted, faulty }: SeenDrive): Judged {
  const state = faulty ? 'error' : encrypted ? 'encrypted without rule' : 'no rule';
  return { state, demanded: undefined, lacks: undefined };
}
