/** The settings of a policy and what each may be: for a surface that lets people choose. */
import { AGE_ALGORITHMS } from '#domain/age-algorithm.ts';
import {
  DRIVE_ALGORITHMS,
  FIXED_DRIVE_RULES,
  isSettingName,
  NOT_CARRIED_OUT,
  POLICY_DEFAULTS,
  REMOVABLE_DRIVE_RULES,
  type RemovableDriveRule,
  type RemovableException,
  SETTING_NAMES,
  type SettingName,
} from '#domain/policy/settings.ts';

export type PolicySetting = SettingName;
export type DriveException = RemovableException;
export type DriveRule = RemovableDriveRule;

const YES_OR_NO = [true, false];

/** Values to choose from. Others are possible, except for words; a list has none. */
const CHOICES: Readonly<Partial<Record<SettingName, readonly unknown[]>>> = {
  fixedDrives: FIXED_DRIVE_RULES,
  removableDrives: REMOVABLE_DRIVE_RULES,
  fileAlgorithm: AGE_ALGORITHMS,
  fileIdentityDays: [1, 7, 14, 30, 60, 90, 180, 365],
  rotateAfterReveal: YES_OR_NO,
  rotateAfterMove: YES_OR_NO,
  rotateAfterDays: ['never', 30, 90, 180, 365, 730, 1825, 3650],
  headerBackup: YES_OR_NO,
  proofHours: [1, 2, 4, 6, 8, 12, 24],
};

export const POLICY_SETTINGS: readonly PolicySetting[] = SETTING_NAMES;
export const DRIVE_RULES: readonly DriveRule[] = REMOVABLE_DRIVE_RULES;
export const CIPHERS: readonly string[] = DRIVE_ALGORITHMS;

export function isPolicySetting(name: string): name is PolicySetting {
  return isSettingName(name);
}

/** Undefined for a setting that is a list. */
export function choicesOf(setting: PolicySetting): readonly unknown[] | undefined {
  return CHOICES[setting];
}

/** False where devices are told of it and do nothing yet. */
export function isCarriedOut(setting: PolicySetting): boolean {
  return !NOT_CARRIED_OUT.includes(setting);
}

/** What holds where no policy says anything. */
export function defaultOf(setting: PolicySetting): unknown {
  return POLICY_DEFAULTS[setting];
}
