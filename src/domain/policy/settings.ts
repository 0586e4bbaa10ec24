/**
 * The settings of a policy: what each may say, what holds where no policy sets it, and how a person reads it. A
 * setting that a later release adds gets a row here; nothing else lists them.
 *
 * Invariant: with every default, a device does what it does without a policy.
 */
import { AGE_ALGORITHMS, type AgeAlgorithm } from '../age-algorithm.ts';
import { isObject } from '../bounded-json.ts';
import { didYouMean } from '../did-you-mean.ts';
import { readName } from '../name.ts';
import { folderFault } from './folder.ts';
import {
  DRIVE_NAME_LENGTH_MAX,
  ENCRYPTED_FOLDERS_MAX,
  EXCEPTION_REMARK_LENGTH_MAX,
  FILE_IDENTITY_DAYS_MAX,
  PROOF_HOURS_MAX,
  REMOVABLE_EXCEPTIONS_MAX,
  ROTATE_DAYS_MAX,
} from './policy-limits.ts';

/** What becomes of fixed drives: nothing; existing volumes come into custody; each must be encrypted and in custody. */
export const FIXED_DRIVE_RULES = ['leave', 'take-into-custody', 'require'] as const;
export type FixedDriveRule = (typeof FIXED_DRIVE_RULES)[number];

/** What becomes of a removable drive that is plugged in. */
export const REMOVABLE_DRIVE_RULES = ['leave', 'read-only', 'encrypt-before-writing', 'refuse'] as const;
export type RemovableDriveRule = (typeof REMOVABLE_DRIVE_RULES)[number];

/** Ciphers of volumes that come into custody. The agent makes new volumes with the first one. */
export const DRIVE_ALGORITHMS = [
  'aes-xts-plain64/512',
  'aes-xts-plain64/256',
  'serpent-xts-plain64/512',
  'twofish-xts-plain64/512',
  'camellia-xts-plain64/512',
  'xchacha20,aes-adiantum-plain64/256',
] as const;
export type DriveAlgorithm = (typeof DRIVE_ALGORITHMS)[number];
/** What the agent formats drives with. */
export const MADE_DRIVE_ALGORITHM: DriveAlgorithm = 'aes-xts-plain64/512';

/** A removable drive with a rule of its own, by exactly one of serial number and model. */
export interface RemovableException {
  readonly serial?: string;
  readonly model?: string;
  readonly rule: RemovableDriveRule;
  /** Why, for people. */
  readonly remark?: string;
}

/** What the settings of this release say, by name. */
export interface PolicySettings {
  readonly fixedDrives: FixedDriveRule;
  readonly removableDrives: RemovableDriveRule;
  /** Each serial number and model once. `removableRule` says which counts. */
  readonly removableExceptions: readonly RemovableException[];
  /** Absolute paths of folders whose files are encrypted. */
  readonly encryptedFolders: readonly string[];
  /** Ciphers that a drive in custody may have. The list of all that are known restricts nothing. */
  readonly driveAlgorithms: readonly DriveAlgorithm[];
  readonly fileAlgorithm: AgeAlgorithm;
  /** Days after which a device makes a new file identity. */
  readonly fileIdentityDays: number;
  /** A drive whose key somebody saw gets a new one. */
  readonly rotateAfterReveal: boolean;
  /** A drive gets a new key when its device came from another server. */
  readonly rotateAfterMove: boolean;
  /** A drive gets a new key when its key is that old, in days. */
  readonly rotateAfterDays: number | 'never';
  /** Copies of drives' headers come into custody. */
  readonly headerBackup: boolean;
  /** Hours between two proofs that the key in custody opens a drive. */
  readonly proofHours: number;
}

export type SettingName = keyof PolicySettings;

/** What holds where no policy says anything. */
export const POLICY_DEFAULTS: PolicySettings = {
  fixedDrives: 'leave',
  removableDrives: 'leave',
  removableExceptions: [],
  encryptedFolders: [],
  driveAlgorithms: DRIVE_ALGORITHMS,
  fileAlgorithm: 'age-mlkem768x25519',
  fileIdentityDays: 30,
  rotateAfterReveal: false,
  rotateAfterMove: false,
  rotateAfterDays: 'never',
  headerBackup: false,
  proofHours: 24,
};

/** In the order in which people are shown them. */
export const SETTING_NAMES = Object.keys(POLICY_DEFAULTS) as readonly SettingName[];

/** What devices of this release are told and do not carry out: a person who sets it is told so. */
export const NOT_CARRIED_OUT: readonly SettingName[] = ['encryptedFolders', 'headerBackup'];

/** Undefined where the value is one that the setting may have; else what is wrong, to follow its name. */
type Check = (value: unknown) => string | undefined;

const CHECKS: Readonly<Record<SettingName, Check>> = {
  fixedDrives: oneOf(FIXED_DRIVE_RULES),
  removableDrives: oneOf(REMOVABLE_DRIVE_RULES),
  removableExceptions: listOf(
    REMOVABLE_EXCEPTIONS_MAX,
    exceptionFault,
    drivesOf,
    'can never count: an entry before it names the same drives',
  ),
  encryptedFolders: listOf(ENCRYPTED_FOLDERS_MAX, folderFault),
  driveAlgorithms: listOf(DRIVE_ALGORITHMS.length, oneOf(DRIVE_ALGORITHMS)),
  fileAlgorithm: oneOf(AGE_ALGORITHMS),
  fileIdentityDays: wholeTo(FILE_IDENTITY_DAYS_MAX, 'days'),
  rotateAfterReveal: yesOrNo,
  rotateAfterMove: yesOrNo,
  rotateAfterDays: (value) =>
    value === 'never' || wholeTo(ROTATE_DAYS_MAX, 'days')(value) === undefined
      ? undefined
      : `must be "never" or a whole number of days from 1 to ${ROTATE_DAYS_MAX}`,
  headerBackup: yesOrNo,
  proofHours: wholeTo(PROOF_HOURS_MAX, 'hours'),
};

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(CHECKS, name);
}

/** Undefined for a value that this release can carry out; else what is wrong with it, to follow the setting's name. */
export function valueFault(name: SettingName, value: unknown): string | undefined {
  return CHECKS[name](value);
}

function oneOf(words: readonly string[]): Check {
  return (value) => {
    if (typeof value === 'string' && words.includes(value)) return undefined;
    const meant = typeof value === 'string' ? didYouMean(value, words) : '';
    return `must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)!}${meant}`;
  };
}

function yesOrNo(value: unknown): string | undefined {
  return typeof value === 'boolean' ? undefined : 'must be true or false, without quotes';
}

function wholeTo(most: number, unit: string): Check {
  return (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most
      ? undefined
      : `must be a whole number of ${unit} from 1 to ${most}`;
}

/** @param sameAs two entries for which it says the same are one too many, as `twice` says. */
function listOf(
  most: number,
  check: Check,
  sameAs: (sound: unknown) => unknown = (sound) => sound,
  twice = 'is there twice',
): Check {
  return (value) => {
    if (!Array.isArray(value)) return 'must be a list';
    if (value.length > most) return `must have ${most} entries at most`;
    const seen = new Set<unknown>();
    for (const [at, one] of (value as readonly unknown[]).entries()) {
      const fault = check(one) ?? (seen.has(sameAs(one)) ? twice : undefined);
      if (fault !== undefined) return `entry ${at + 1} ${fault}`;
      seen.add(sameAs(one));
    }
    return undefined;
  };
}

function drivesOf(sound: unknown): string {
  const { serial, model } = sound as RemovableException;
  return JSON.stringify([serial, model]);
}

const EXCEPTION_FIELDS = ['serial', 'model', 'rule', 'remark'];

function exceptionFault(one: unknown): string | undefined {
  if (!isObject(one)) return 'must be an object with serial or model, and rule';
  const other = Object.keys(one).find((field) => !EXCEPTION_FIELDS.includes(field));
  if (other !== undefined) return `has an unknown field${didYouMean(other, EXCEPTION_FIELDS)}`;
  if ((one['serial'] === undefined) === (one['model'] === undefined))
    return 'must name either a serial or a model';
  const name = one['serial'] ?? one['model'];
  if (typeof name !== 'string' || name.trim() !== name || !isName(name, DRIVE_NAME_LENGTH_MAX)) {
    return `can never match: serial and model are 1 to ${DRIVE_NAME_LENGTH_MAX} characters without white space around them, as "keystair agent drives" shows them`;
  }
  const fault = oneOf(REMOVABLE_DRIVE_RULES)(one['rule']);
  if (fault !== undefined) return `rule ${fault}`;
  const remark = one['remark'];
  if (remark !== undefined && !(typeof remark === 'string' && isName(remark, EXCEPTION_REMARK_LENGTH_MAX)))
    return `remark must be a text of 1 to ${EXCEPTION_REMARK_LENGTH_MAX} characters`;
  return undefined;
}

function isName(given: string, lengthMax: number): boolean {
  return 'name' in readName(given, lengthMax);
}

/** The rule for a removable drive: that of its serial number, else of its model, else of all. Either may be unknown. */
export function removableRule(
  { removableDrives, removableExceptions }: Pick<PolicySettings, 'removableDrives' | 'removableExceptions'>,
  { serial, model }: { readonly serial?: string | undefined; readonly model?: string | undefined },
): RemovableDriveRule {
  const bySerial = removableExceptions.find((one) => one.serial !== undefined && one.serial === serial);
  const byModel = removableExceptions.find((one) => one.model !== undefined && one.model === model);
  return (bySerial ?? byModel)?.rule ?? removableDrives;
}
