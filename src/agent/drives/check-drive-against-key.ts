/**
 * Checks a drive's header against the record of the key that is to open it.
 *
 * LUKS2 metadata is not authenticated. An attacker who had the drive for a while can turn it into one that opens with
 * the right passphrase, or with any, and stores what is written to it in the clear or under the attacker's key. The
 * record is authentic, so the header is compared with it, and anything that our drives never have is refused: a null
 * cipher for the data or for a keyslot, further or unknown segments, an integrity layer, requirements, an unfinished
 * re-encryption.
 *
 * Both copies of the header are judged, for either may be used: cryptsetup skips a copy in which it finds a fault. The
 * other copy may be older, as a power cut leaves it, so it need not name the key.
 */
import { isDeepStrictEqual } from 'node:util';
import { findDriveTokens } from './drive-token.ts';
import type { EncryptionKey } from '#domain/encryption-key.ts';
import { KeystairError } from '#domain/errors.ts';
import type { Luks2Copy, Luks2Header } from './luks2/luks2-header.ts';
import type { Luks2Segment } from './luks2/luks2-metadata.ts';

const SECTOR_SIZES: readonly number[] = [512, 1024, 2048, 4096];
/** What cryptsetup encrypts keyslots with by default, whatever the data's cipher is. */
const KEYSLOT_CIPHER = 'aes-xts-plain64';

/** What of a key's record a drive is compared with. */
export type DriveKey = Pick<EncryptionKey, 'algorithm' | 'id' | 'locator'>;

/** Splits `aes-xts-plain64/512` into its two parts. A cipher has commas or parentheses, too: `capi:xts(aes)-plain64`. */
function algorithmOf(key: DriveKey): { cipher: string; keyBytes: number } | undefined {
  const found = /^([^/\s]+)\/([1-9][0-9]{0,4})$/.exec(key.algorithm);
  return found === null ? undefined : { cipher: found[1]!, keyBytes: Number(found[2]) / 8 };
}

function isNull(cipher: string | undefined): boolean {
  return cipher === undefined || cipher.includes('null');
}

function* segmentDifferences(segment: Luks2Segment, cipher: string): Generator<string> {
  if (segment.type !== 'crypt') {
    yield `its data segment has the type "${segment.type}" and is not encrypted`;
    return;
  }
  if (isNull(segment.encryption)) yield `its data would be written unencrypted (${segment.encryption})`;
  else if (segment.encryption !== cipher)
    yield `its cipher is ${segment.encryption}, the key was made for ${cipher}`;
  if (segment.flags.length > 0) yield `its data segment is marked ${segment.flags.join(', ')}`;
  if (segment.integrity) yield 'it has an integrity layer';
  if (segment.ivTweak !== '0') yield 'its sector numbering was changed';
  if (!SECTOR_SIZES.includes(segment.sectorSize ?? 0)) yield 'its sector size is unknown';
}

/** The keyslots that the drive assigns to this key. */
function keyslotsOf(header: Luks2Copy, key: DriveKey): readonly number[] {
  const slots = findDriveTokens(header).tokens.filter((token) => token.keyId === key.id);
  return [...new Set(slots.flatMap((token) => token.keyslots))].sort((a, b) => a - b);
}

function* keyslotDifferences(
  header: Luks2Copy,
  slot: number,
  cipher: string,
  keyBytes: number,
): Generator<string> {
  const keyslot = header.keyslots.get(String(slot));
  if (keyslot === undefined) {
    yield `its keyslot ${slot} is missing`;
    return;
  }
  if (keyslot.keySize !== keyBytes) {
    yield `the key in its keyslot ${slot} has ${keyslot.keySize * 8} bits, the record says ${keyBytes * 8}`;
  }
  // A keyslot under another cipher would be no danger; but the two that cryptsetup uses by default are enough.
  if (![KEYSLOT_CIPHER, cipher].includes(keyslot.areaEncryption ?? '') || (keyslot.areaKeySize ?? 0) < 32) {
    yield `the cipher of its keyslot ${slot} is ${keyslot.areaEncryption ?? 'missing'}`;
  }
  // Otherwise the passphrase would open a key that is unrelated to the data.
  const bound = [...header.digests.values()].filter((digest) => digest.keyslots.includes(String(slot)));
  if (bound.length !== 1 || !bound[0]!.segments.includes('0')) {
    yield `its keyslot ${slot} does not belong to its data`;
  }
}

/** What makes a copy dangerous to use, whichever keyslot is tried. */
function* dangers(header: Luks2Copy, luksUuid: string | undefined, cipher: string): Generator<string> {
  if (header.requirements.length > 0) {
    const names = header.requirements.join(', ');
    yield names.includes('reencrypt')
      ? `its re-encryption was started and not finished (${names})`
      : `it requires features that this version does not support (${names})`;
  }
  if (luksUuid === undefined) yield "the key's record names no LUKS UUID";
  else if (header.uuid !== luksUuid.toLowerCase())
    yield `its UUID is ${header.uuid}, the record says ${luksUuid}`;
  for (const [id, keyslot] of header.keyslots) {
    if (keyslot.type === 'reencrypt') yield `its keyslot ${id} belongs to an unfinished re-encryption`;
    else if (keyslot.type !== 'luks2') yield `its keyslot ${id} has the unknown type "${keyslot.type}"`;
    else if (isNull(keyslot.areaEncryption)) yield `its keyslot ${id} is not encrypted`;
  }
  const segment = header.segments.get('0');
  if (segment === undefined || header.segments.size !== 1) {
    yield `it has ${header.segments.size} data segments instead of one`;
  }
  for (const each of header.segments.values()) yield* segmentDifferences(each, cipher);
}

function* differences(header: Luks2Header, key: DriveKey): Generator<string> {
  const algorithm = algorithmOf(key);
  if (algorithm === undefined || isNull(algorithm.cipher)) {
    yield `the key's algorithm ${key.algorithm} is not a drive cipher`;
    return;
  }
  const { cipher, keyBytes } = algorithm;
  const { luksUuid } = key.locator;
  yield* dangers(header, luksUuid, cipher);
  const slots = keyslotsOf(header, key);
  if (slots.length === 0) yield 'it no longer names this key';
  for (const slot of slots) yield* keyslotDifferences(header, slot, cipher, keyBytes);
  const { other } = header;
  if (other === undefined) return;
  for (const danger of dangers(other, luksUuid, cipher))
    yield `in the ${other.copy} copy of its header ${danger}`;
  for (const slot of slots.filter((slot) => other.keyslots.has(String(slot)))) {
    for (const difference of keyslotDifferences(other, slot, cipher, keyBytes)) {
      yield `in the ${other.copy} copy of its header ${difference}`;
    }
  }
  if (!isDeepStrictEqual(other.segments, header.segments)) {
    yield 'the two copies of its header lay out its data differently';
  }
}

/** Returns the keyslots to use; no others were checked. Throws `drive-altered` with everything that differs. */
export function checkDriveAgainstKey(header: Luks2Header, key: DriveKey): readonly number[] {
  const found = [...new Set(differences(header, key))];
  if (found.length === 0) return keyslotsOf(header, key);
  throw new KeystairError(
    'drive-altered',
    `the drive's header was changed since its key was made: ${found.join('; ')}`,
    {
      nextStep: 'do not write to it; restore its header from a backup, or ask who changed it',
      details: { key: key.id, differences: found },
    },
  );
}

/**
 * The `algorithm` of a key for a drive that no key of ours knows yet. Throws `drive-altered` where that key would be
 * refused as soon as the drive named it.
 */
export function requireAdoptable(header: Luks2Header): string {
  const cipher = header.segments.get('0')?.encryption;
  const keyBytes = [...header.keyslots.values()].find(({ type }) => type === 'luks2')?.keySize;
  const copies = header.other === undefined ? [header] : [header, header.other];
  const found =
    cipher === undefined || keyBytes === undefined
      ? ['it has no keyslot or no data that is encrypted']
      : [...new Set(copies.flatMap((copy) => [...dangers(copy, header.uuid, cipher)]))];
  if (found.length === 0) return `${cipher}/${keyBytes! * 8}`;
  throw new KeystairError(
    'drive-altered',
    `the drive cannot be taken into custody, for it would not be safe to use: ${found.join('; ')}`,
    { nextStep: 'nothing was changed; see `cryptsetup luksDump`', details: { differences: found } },
  );
}
