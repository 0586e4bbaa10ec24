/**
 * Recovery passwords that other systems made for their own drives: what one looks like, and the id that a person reads
 * off the screen which asks for it.
 *
 * Sources: BitLocker: [MS-FVE], "Recovery password"; FileVault: Apple, "personal recovery key".
 */
import { KeystairError } from './errors.ts';
import { KEY_MATERIAL_BYTES_MAX } from './limits.ts';
import { readName } from './name.ts';

export const RECOVERY_KINDS = ['bitlocker', 'filevault', 'other'] as const;
export type RecoveryKind = (typeof RECOVERY_KINDS)[number];

export interface RecoveryPassword {
  readonly kind: RecoveryKind;
  /** As it is searched: of BitLocker without braces, in capitals. */
  readonly id: string;
  /** As the other system takes it. */
  readonly password: string;
}

const BITLOCKER_ID = /^\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?$/i;
/** Eight groups of six digits; what stands between them differs from paper to screen. */
const BITLOCKER_GROUPS = 8;
const BITLOCKER_PASSWORD = /^\d{6}(?:[- ]?\d{6}){7}$/;
/** Each group is a number of 16 bits times eleven, so a slip in one of its digits is seen. */
const BITLOCKER_FACTOR = 11;
const BITLOCKER_NUMBERS = 0x1_00_00;
const FILEVAULT_PASSWORD = /^[0-9A-Z]{4}(?:-?[0-9A-Z]{4}){5}$/;
const FILEVAULT_GROUP = /.{4}/g;

/**
 * @param text as it stands in a file or was typed.
 * @throws `invalid-argument`; its sentence quotes nothing of the password.
 */
export function readRecoveryPassword(kind: RecoveryKind, id: string, text: string): RecoveryPassword {
  return { kind, id: readRecoveryId(kind, id.trim()), password: readRecoveryText(kind, text) };
}

/** The password alone, where its id was lost on the way here. Throws as above. */
export function readRecoveryText(kind: RecoveryKind, text: string): string {
  return PASSWORDS[kind](text.trim());
}

/** Throws as above. */
export function readRecoveryId(kind: RecoveryKind, id: string): string {
  if (kind === 'bitlocker') {
    const [, digits] = BITLOCKER_ID.exec(id) ?? [];
    if (digits === undefined) {
      throw wrong(
        'the id of a BitLocker recovery password is a GUID',
        'give the whole of it, as `manage-bde -protectors -get` shows it',
      );
    }
    return digits.toUpperCase();
  }
  const read = readName(id);
  if ('name' in read) return read.name;
  throw wrong(
    `the id of a recovery password ${read.fault}`,
    'give what the person who needs it will see, such as the serial number',
  );
}

const PASSWORDS: { readonly [K in RecoveryKind]: (text: string) => string } = {
  bitlocker(text) {
    if (!BITLOCKER_PASSWORD.test(text)) {
      throw wrong(
        'a BitLocker recovery password has 48 digits in eight groups of six',
        'compare it with where it was copied from',
      );
    }
    const groups = text.replaceAll(/\D/g, '').match(/.{6}/g)!;
    const at = groups.findIndex(
      (group) =>
        Number(group) % BITLOCKER_FACTOR !== 0 || Number(group) >= BITLOCKER_FACTOR * BITLOCKER_NUMBERS,
    );
    if (at !== -1) {
      throw wrong(
        `group ${at + 1} of the ${BITLOCKER_GROUPS} is not one of a BitLocker recovery password`,
        'compare that group, digit by digit, with where it was copied from',
      );
    }
    return groups.join('-');
  },
  filevault(text) {
    const key = text.toUpperCase();
    if (!FILEVAULT_PASSWORD.test(key)) {
      throw wrong(
        'a FileVault recovery key has 24 letters and digits in six groups of four',
        'compare it with where it was copied from',
      );
    }
    return key.replaceAll('-', '').match(FILEVAULT_GROUP)!.join('-');
  },
  other(text) {
    if (text === '' || /\p{Cc}/u.test(text) || !text.isWellFormed()) {
      throw wrong('a recovery password is one line of text', 'give only the password');
    }
    if (new TextEncoder().encode(text).length > KEY_MATERIAL_BYTES_MAX) {
      throw wrong(
        `a recovery password has at most ${KEY_MATERIAL_BYTES_MAX} bytes`,
        'check that it is the right file',
      );
    }
    return text;
  },
};

function wrong(sentence: string, nextStep: string): KeystairError {
  return new KeystairError('invalid-argument', sentence, { nextStep });
}
