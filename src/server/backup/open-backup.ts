/**
 * Opens the envelope of a backup with its password.
 *
 * Invariants: what anyone could see of a file is reported to anyone (it is empty, it is no age file); nobody can tell a
 * wrong password from altered first lines; only a caller with the right password learns that the rest is damaged. Every
 * byte passed on was verified.
 */
import type { Bytes } from '#crypto/age/age-payload.ts';
import type { Stretch } from '#crypto/age/scrypt-stanza.ts';
import { openExport } from '#crypto/export-envelope/open-export.ts';
import { aboutSpaces } from '#crypto/password/password-text.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { backupInvalid } from './backup-lines.ts';

/** How every age file begins, in any version. */
const AGE_BEGINS = Buffer.from('age-encryption.org/');

/** Throws `backup-unreadable`, `backup-damaged`, `backup-invalid`. */
export async function* openBackup(
  file: AsyncIterable<Uint8Array>,
  password: string,
  stretch: Stretch | undefined,
): Bytes {
  let opened = false;
  const keys = {
    password: KeyMaterial.fromText(password),
    identities: async (): Promise<never> => {
      throw backupInvalid('the file is encrypted to a recipient, but a backup is encrypted with a password');
    },
    stretch,
    onOpened: () => {
      opened = true;
    },
  };
  try {
    yield* openExport(requireAge(file), keys);
  } catch (error) {
    if (codeOf(error) === 'export-invalid')
      throw backupInvalid('a device encrypted this file; it is not a backup', error);
    if (codeOf(error) !== 'export-unreadable') throw error;
    throw opened ? damaged() : unreadable(password);
  }
}

function unreadable(password: string): KeystairError {
  return new KeystairError(
    'backup-unreadable',
    'the backup does not open: the password is wrong, or the first lines of the file are damaged',
    {
      nextStep: `${aboutSpaces(password)}try the password again, then another copy of the file or an older backup; a lost password cannot be recovered`,
    },
  );
}

function damaged(): KeystairError {
  return new KeystairError(
    'backup-damaged',
    'the password is right, but the backup is damaged or truncated',
    {
      nextStep:
        'nothing was restored; copy the file again from where it was made or use an older backup, and check the disk that held it',
    },
  );
}

/** Passes the bytes on once they begin as an age file does. */
async function* requireAge(file: AsyncIterable<Uint8Array>): Bytes {
  let begun: Uint8Array | undefined = new Uint8Array(0);
  for await (const block of file) {
    if (begun === undefined) {
      yield block;
      continue;
    }
    begun = Buffer.concat([begun, block]);
    if (begun.length < AGE_BEGINS.length) continue;
    requireBegins(begun);
    yield begun;
    begun = undefined;
  }
  if (begun === undefined) return;
  if (begun.length === 0) throw backupInvalid('the file is empty');
  requireBegins(begun);
  yield begun;
}

function requireBegins(bytes: Uint8Array): void {
  const length = Math.min(bytes.length, AGE_BEGINS.length);
  if (AGE_BEGINS.subarray(0, length).equals(bytes.subarray(0, length))) return;
  throw backupInvalid('the file is not encrypted with age, as every backup is');
}
