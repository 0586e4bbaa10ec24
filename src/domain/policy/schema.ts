/**
 * The published JSON Schema of a policy (draft 2020-12), for editors and scripts. `valueFault` decides; a test holds the
 * two together.
 */
import { AGE_ALGORITHMS } from '../age-algorithm.ts';
import {
  DRIVE_NAME_LENGTH_MAX,
  ENCRYPTED_FOLDERS_MAX,
  EXCEPTION_REMARK_LENGTH_MAX,
  FILE_IDENTITY_DAYS_MAX,
  FOLDER_LENGTH_MAX,
  PROOF_HOURS_MAX,
  REMOVABLE_EXCEPTIONS_MAX,
  ROTATE_DAYS_MAX,
} from './policy-limits.ts';
import {
  DRIVE_ALGORITHMS,
  FIXED_DRIVE_RULES,
  POLICY_DEFAULTS,
  REMOVABLE_DRIVE_RULES,
  SETTING_NAMES,
  type SettingName,
} from './settings.ts';

type Schema = Readonly<Record<string, unknown>>;

const REMOVABLE_RULE = { enum: REMOVABLE_DRIVE_RULES };
const YES_OR_NO = { type: 'boolean' };

function wholeTo(maximum: number): Schema {
  return { type: 'integer', minimum: 1, maximum };
}

function listOf(items: Schema, maxItems: number): Schema {
  return { type: 'array', items, maxItems, uniqueItems: true };
}

function exceptionBy(field: 'serial' | 'model'): Schema {
  return {
    type: 'object',
    properties: {
      [field]: { type: 'string', minLength: 1, maxLength: DRIVE_NAME_LENGTH_MAX },
      rule: REMOVABLE_RULE,
      remark: { type: 'string', minLength: 1, maxLength: EXCEPTION_REMARK_LENGTH_MAX },
    },
    required: [field, 'rule'],
    additionalProperties: false,
  };
}

const VALUES: Readonly<Record<SettingName, Schema>> = {
  fixedDrives: {
    description:
      'Drives built into the device: left alone; existing LUKS volumes come into custody; each must be encrypted and in custody.',
    enum: FIXED_DRIVE_RULES,
  },
  removableDrives: {
    description: 'Drives that are plugged in: left alone, read only, encrypted before writing, refused.',
    ...REMOVABLE_RULE,
  },
  removableExceptions: {
    description:
      'Removable drives with a rule of their own. The serial number counts before the model, and the model before removableDrives.',
    ...listOf({ oneOf: [exceptionBy('serial'), exceptionBy('model')] }, REMOVABLE_EXCEPTIONS_MAX),
  },
  encryptedFolders: {
    description:
      'Absolute paths of folders whose files are encrypted. Devices of this release do nothing about it yet.',
    ...listOf(
      { type: 'string', pattern: '^/[^*?\\[\\]{}]+$', maxLength: FOLDER_LENGTH_MAX },
      ENCRYPTED_FOLDERS_MAX,
    ),
  },
  driveAlgorithms: {
    description: 'Ciphers that a drive in custody may have.',
    ...listOf({ enum: DRIVE_ALGORITHMS }, DRIVE_ALGORITHMS.length),
  },
  fileAlgorithm: { description: 'What file identities are made with.', enum: AGE_ALGORITHMS },
  fileIdentityDays: {
    description: 'Days after which a device makes a new file identity.',
    ...wholeTo(FILE_IDENTITY_DAYS_MAX),
  },
  rotateAfterReveal: { description: 'A drive whose key was revealed gets a new one.', ...YES_OR_NO },
  rotateAfterMove: {
    description: 'A drive gets a new key when its device came from another server.',
    ...YES_OR_NO,
  },
  rotateAfterDays: {
    description: 'A drive gets a new key when its key is that old, in days.',
    anyOf: [{ const: 'never' }, wholeTo(ROTATE_DAYS_MAX)],
  },
  headerBackup: {
    description:
      "Copies of drives' headers come into custody. Devices of this release do nothing about it yet.",
    ...YES_OR_NO,
  },
  proofHours: {
    description: 'Hours between two proofs that the key in custody opens a drive.',
    ...wholeTo(PROOF_HOURS_MAX),
  },
};

export const POLICY_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'https://keystair.example/policy.schema.json',
  title: 'Keystair policy',
  description:
    'What the devices of a group must do. A setting that is absent is inherited from the group above.',
  type: 'object',
  properties: {
    $schema: { type: 'string' },
    ...Object.fromEntries(
      SETTING_NAMES.map((name) => [name, { ...VALUES[name], default: POLICY_DEFAULTS[name] }]),
    ),
    locked: {
      description: 'Settings of this policy that groups below cannot change.',
      ...listOf({ enum: SETTING_NAMES }, SETTING_NAMES.length),
    },
  },
  additionalProperties: false,
};
