/**
 * Takes a key of ours from a LUKS2 volume: its keyslots, and the token that names it.
 *
 * Invariant: a keyslot goes only if the key that is to go opens it and another key, which stays, has just been given to
 * cryptsetup, which wants it to open the drive. So an altered token takes nobody's passphrase away, and the drive never
 * loses its last keyslot.
 */
import type { KeyMaterial } from '#domain/key-material.ts';
import { isClaimText } from '#domain/claim-text.ts';
import { mustCryptsetup } from './cryptsetup.ts';
import type { OpenDrive } from './drive-target.ts';
import type { Luks2Header } from './luks2/luks2-header.ts';
import { opens, withHeaderCopy } from './open-drive.ts';
import { readOpenHeader } from './read-drive.ts';
import { HANDED_FILE, type ToolOptions } from './run-tool.ts';

type Options = Pick<ToolOptions, 'folders'>;

/** A token that names a key, whether its keyslots are still there or not. */
export interface NamingToken {
  /** Its number in the header. */
  readonly number: string;
  /** Undefined where it is not well-formed. */
  readonly claim: string | undefined;
  readonly keyslots: readonly number[];
}

export function tokensNaming({ tokens, keyslots }: Luks2Header, keyId: string): readonly NamingToken[] {
  return [...tokens].flatMap(([number, entry]) => {
    if (entry['type'] !== 'keystair' || entry['key'] !== keyId) return [];
    const { claim, keyslots: named } = entry;
    const slots = Array.isArray(named) ? named.map(String).filter((slot) => keyslots.has(slot)) : [];
    const isClaim = typeof claim === 'string' && isClaimText(claim);
    return [{ number, claim: isClaim ? claim : undefined, keyslots: slots.map(Number) }];
  });
}

/**
 * Cannot be stopped: it takes seconds. Killed anywhere, the same call goes on.
 *
 * @param gone material of the key that goes; undefined where none of its keyslots is left.
 */
export async function removeKey(
  drive: OpenDrive,
  keyId: string,
  { gone, stays }: { readonly gone: KeyMaterial | undefined; readonly stays: KeyMaterial },
  { folders }: Options = {},
): Promise<void> {
  const read = await readOpenHeader(drive);
  const naming = tokensNaming(read.header, keyId);
  const slots = [...new Set(naming.flatMap(({ keyslots }) => keyslots))];
  const own =
    gone === undefined
      ? []
      : await withHeaderCopy(drive, read, { folders }, async (copy) => {
          const opened: number[] = [];
          for (const slot of slots)
            if (await opens(copy, { passphrase: gone, folders }, slot)) opened.push(slot);
          return opened;
        });
  const file = drive.handle;
  for (const slot of own) {
    const args = ['luksKillSlot', '--batch-mode', '--key-file=-', HANDED_FILE, String(slot)];
    await mustCryptsetup(args, { input: stays.expose(), file, folders });
  }
  for (const { number } of naming)
    await mustCryptsetup(['token', 'remove', `--token-id=${number}`, HANDED_FILE], { file, folders });
}
