/**
 * What a person gives to open a drive that others encrypted: a passphrase as it was typed, or a file, which may be a text
 * with a newline that an editor added, or any bytes.
 */
import type { FileHandle } from 'node:fs/promises';
import { KeystairError } from '#domain/errors.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import type { OpenDrive } from './drive-target.ts';
import { opens, type TryJob } from './open-drive.ts';

const NEWLINE = 0x0a;
/** What Windows editors put before a text and, with the newline, behind it. */
const MARK = '\ufeff';

/**
 * What to try, in this order. One trailing newline belongs to nobody's passphrase, unless a key file ends with that byte by
 * chance, or was given to cryptsetup whole.
 */
export function passphrasesIn(given: string | Uint8Array): readonly KeyMaterial[] {
  if (typeof given === 'string') return [KeyMaterial.fromText(given)];
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.length);
  const cut = bytes.at(-1) === NEWLINE ? bytes.subarray(0, -1) : bytes;
  const text = cut.toString('utf8');
  const plain = Buffer.from(text.replace(/\r$/, '').slice(text.startsWith(MARK) ? 1 : 0));
  const tries = [cut, bytes];
  // Bytes that are no text do not come back as they were.
  if (Buffer.from(text).equals(cut)) tries.splice(1, 0, plain);
  const different = tries.filter(
    (one, at) => one.length > 0 && tries.findIndex((other) => other.equals(one)) === at,
  );
  return different.map((one) => new KeyMaterial(one));
}

/** @param file the drive, or a copy of its header. Throws `drive-does-not-open` where none of them opens it. */
export async function passphraseThatOpens(
  { target }: OpenDrive,
  file: FileHandle,
  passphrases: readonly KeyMaterial[],
  job: Omit<TryJob, 'passphrase'>,
): Promise<KeyMaterial> {
  for (const passphrase of passphrases) if (await opens(file, { ...job, passphrase })) return passphrase;
  throw new KeystairError('drive-does-not-open', `that passphrase does not open ${target.path}`, {
    nextStep: 'nothing was changed; check the passphrase and the keyboard layout',
  });
}
