/**
 * Lets cryptsetup make a LUKS2 volume in a private file: header and keyslots as they will be on the drive, with the
 * token that names the key. A failure here has touched no drive.
 */
import type { FileHandle } from 'node:fs/promises';
import { claimToText } from '#domain/claim.ts';
import { KeystairError } from '#domain/errors.ts';
import type { KeyMaterial } from '#domain/key-material.ts';
import { DRIVE_DATA_OFFSET, DRIVE_HEADER_BYTES_MAX } from '#domain/limits.ts';
import { mustCryptsetup } from './cryptsetup.ts';
import { readAt } from './drive-target.ts';
import { encodeDriveToken, findDriveTokens } from './drive-token.ts';
import { parseLuks2Header } from './luks2/luks2-header.ts';
import { makePrivateFile } from './private-file.ts';
import { HANDED_FILE } from './run-tool.ts';

/** `algorithm` of the keys of drives made here. */
export const DRIVE_ALGORITHM = 'aes-xts-plain64/512';
const CIPHER = 'aes-xts-plain64';
const KEY_BITS = 512;
/** cryptsetup makes no volume without room for data. */
const ROOM_BYTES = 1024 * 1024;
/** cryptsetup counts `--offset` in these. */
const OFFSET_SECTOR_BYTES = 512;

export interface VolumeDraft {
  readonly uuid: string;
  readonly label?: string | undefined;
  /** Opens keyslot 0. */
  readonly passphrase: KeyMaterial;
  readonly keyId: string;
  readonly claim: Uint8Array;
  readonly signal?: AbortSignal | undefined;
  /** Where the system's tools are. */
  readonly folders?: readonly string[] | undefined;
}

/**
 * The arguments; the passphrase comes through standard input. It has 260 random bits, so a slow derivation would add
 * nothing against guessing and cost memory and seconds at every opening; systemd-cryptenroll does the same for the
 * random keys it makes. 1000 is cryptsetup's minimum. Properties that cryptsetup would probe from the drive are passed
 * to it.
 */
function formatArguments({ uuid, label }: VolumeDraft, sectorBytes: number): string[] {
  return [
    'luksFormat',
    '--batch-mode',
    '--type=luks2',
    `--cipher=${CIPHER}`,
    `--key-size=${KEY_BITS}`,
    '--hash=sha256',
    '--pbkdf=pbkdf2',
    '--pbkdf-force-iterations=1000',
    `--offset=${DRIVE_DATA_OFFSET / OFFSET_SECTOR_BYTES}`,
    `--sector-size=${sectorBytes}`,
    `--uuid=${uuid}`,
    ...(label === undefined || label === '' ? [] : [`--label=${label}`]),
    '--key-file=-',
    HANDED_FILE,
  ];
}

/** If cryptsetup did something else than it was told, that is found before anything is written. */
function checkMade(volume: Buffer, draft: VolumeDraft): void {
  const header = parseLuks2Header(volume.subarray(0, DRIVE_HEADER_BYTES_MAX));
  const [token] = findDriveTokens(header).tokens;
  const segment = header.segments.get('0');
  if (
    header.uuid === draft.uuid &&
    token?.keyId === draft.keyId &&
    claimToText(token.claim) === claimToText(draft.claim) &&
    header.keyslots.get('0')?.keySize === KEY_BITS / 8 &&
    segment?.encryption === CIPHER &&
    segment.offset === BigInt(DRIVE_DATA_OFFSET)
  ) {
    return;
  }
  throw new KeystairError('tool-failed', 'cryptsetup made a volume that differs from the one requested', {
    nextStep: 'install a current cryptsetup; nothing was written to the drive',
  });
}

/** The first `DRIVE_DATA_OFFSET` bytes of a drive. Throws `tool-missing`, `tool-failed`, `interrupted`, `disk-full`. */
export async function makeVolume(draft: VolumeDraft, sectorBytes: number): Promise<Buffer> {
  const { signal, folders, passphrase, keyId, claim } = draft;
  const file: FileHandle = await makePrivateFile(DRIVE_DATA_OFFSET + ROOM_BYTES);
  try {
    const format = formatArguments(draft, sectorBytes);
    await mustCryptsetup(format, { input: passphrase.expose(), file, signal, folders });
    const token = Buffer.from(encodeDriveToken({ keyId, claim, keyslots: [0] }));
    const give = ['token', 'import', '--json-file=-', HANDED_FILE];
    await mustCryptsetup(give, { input: token, file, signal, folders });
    const volume = await readAt(file, 0, DRIVE_DATA_OFFSET);
    checkMade(volume, draft);
    return volume;
  } finally {
    await file.close();
  }
}
