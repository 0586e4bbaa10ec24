/** Which seals the key file opens that lies where the configuration says: one whose file is gone opens nothing. */
import type { Keyring, SealRow } from '#crypto/keyring.ts';
import { readKeyFile } from '#crypto/seal/key-file.ts';

export type OpenedByKeyFile = (seal: SealRow) => boolean;

export function keyFileAtHand(keyring: Keyring, rootKeyFile: string): OpenedByKeyFile {
  let sealKey: Uint8Array | undefined;
  try {
    sealKey = readKeyFile(rootKeyFile);
  } catch {
    // Not there, or such that no start would take it.
  }
  return (seal) => sealKey !== undefined && keyring.isOpenedBy(seal, sealKey);
}
