/**
 * Gives an existing LUKS2 volume a keyslot for a key of ours and the token that names it. Nothing that is on the drive
 * changes: no other keyslot, no other token, none of its data. cryptsetup makes both changes, each whole or not at all,
 * also while the drive is in use.
 *
 * Killed between the two, the drive has a keyslot whose key is in custody and that nothing names; `findOwnKeyslot` finds
 * it again.
 */
import type { FileHandle } from 'node:fs/promises';
import { KeystairError } from '#domain/errors.ts';
import type { KeyMaterial } from '#domain/key-material.ts';
import { mustCryptsetup } from './cryptsetup.ts';
import type { OpenDrive } from './drive-target.ts';
import { type DriveToken, encodeDriveToken } from './drive-token.ts';
import type { Luks2Header } from './luks2/luks2-header.ts';
import { opens } from './open-drive.ts';
import { HANDED_FILE, type ToolOptions } from './run-tool.ts';

const KEYSLOTS = 32;
const PLACES = Array.from({ length: KEYSLOTS }, (_, slot) => slot);

type Options = Pick<ToolOptions, 'folders' | 'signal'>;

/** Throws `invalid-argument` where all are used. */
export function freeKeyslot({ keyslots }: Luks2Header, path: string): number {
  const free = PLACES.find((slot) => !keyslots.has(String(slot)));
  if (free !== undefined) return free;
  throw new KeystairError('invalid-argument', `all ${KEYSLOTS} keyslots of ${path} are used`, {
    nextStep: 'remove one that nobody needs (`cryptsetup luksDump` shows them), and run the command again',
  });
}

/** The keyslot that a key of ours opens already, without a token that says so. */
export async function findOwnKeyslot(
  copy: FileHandle,
  header: Luks2Header,
  passphrase: KeyMaterial,
  options: Options,
): Promise<number | undefined> {
  for (const slot of PLACES.filter((place) => header.keyslots.has(String(place)))) {
    if (await opens(copy, { passphrase, ...options }, slot)) return slot;
  }
  return undefined;
}

/**
 * Adds the keyslot. Cannot be stopped: it takes seconds. As for drives made here, a slow derivation would add nothing
 * to 260 random bits.
 */
export async function addKeyslot(
  { handle }: OpenDrive,
  keyslot: number,
  secrets: { readonly known: KeyMaterial; readonly added: KeyMaterial },
  { folders }: Options = {},
): Promise<void> {
  const known = secrets.known.expose();
  const args = [
    'luksAddKey',
    '--batch-mode',
    '--pbkdf=pbkdf2',
    '--pbkdf-force-iterations=1000',
    `--key-slot=${keyslot}`,
    // Both come through standard input: so many bytes of it are the one that opens it, the rest is the new one.
    '--key-file=-',
    `--keyfile-size=${known.length}`,
    HANDED_FILE,
    '-',
  ];
  const input = Buffer.concat([known, secrets.added.expose()]);
  try {
    await mustCryptsetup(args, { input, file: handle, folders });
  } finally {
    input.fill(0);
  }
}

export async function addToken(
  { handle }: OpenDrive,
  token: DriveToken,
  { folders }: Options = {},
): Promise<void> {
  const args = ['token', 'import', '--json-file=-', HANDED_FILE];
  await mustCryptsetup(args, { input: Buffer.from(encodeDriveToken(token)), file: handle, folders });
}
