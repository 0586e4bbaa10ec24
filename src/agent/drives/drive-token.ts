/**
 * The LUKS2 token by which a drive says which key opens it, with the claim that proves possession of the drive:
 * `{"type":"keystair","keyslots":["0"],"key":"KEY-ID","claim":"CLAIM"}`. Stock tools keep and show it.
 *
 * A drive that was adopted again or rekeyed carries several. Like all LUKS2 metadata a token is a hint: its contents
 * are compared with the key's record before use.
 */
import { claimFromText, claimToText } from '#domain/claim.ts';
import { isClaimText } from '#domain/claim-text.ts';
import { UUID_PATTERN } from '#domain/uuid.ts';
import { assert, KeystairError } from '#domain/errors.ts';
import { CLAIM_BYTES } from '#domain/limits.ts';
import { step } from '#domain/step.ts';
import type { Luks2Metadata } from './luks2/luks2-metadata.ts';

export interface DriveToken {
  readonly keyId: string;
  readonly claim: Uint8Array;
  /** The keyslots that the key opens. */
  readonly keyslots: readonly number[];
}

export interface DriveTokens {
  /** The well-formed ones, newest key first. */
  readonly tokens: readonly DriveToken[];
  /** Tokens that call themselves ours and are not: number in the header, and the fault. */
  readonly malformed: readonly { readonly token: string; readonly problem: string }[];
}

const TOKEN_TYPE = 'keystair';
const FIELDS: readonly string[] = ['type', 'keyslots', 'key', 'claim'];
/** LUKS2 has 32 keyslots. */
const KEYSLOT = /^([12]?[0-9]|3[01])$/;

/** The token as `cryptsetup token import` takes it. */
export function encodeDriveToken({ keyId, claim, keyslots }: DriveToken): string {
  assert(UUID_PATTERN.test(keyId), 'a drive token names a key by its UUID');
  assert(claim.length === CLAIM_BYTES, 'a drive token carries a whole claim');
  assert(keyslots.length > 0, 'a drive token names a keyslot');
  const slots = keyslots.map((keyslot) => String(keyslot));
  return JSON.stringify({ type: TOKEN_TYPE, keyslots: slots, key: keyId, claim: claimToText(claim) });
}

function parseToken(entry: Readonly<Record<string, unknown>>, metadata: Luks2Metadata): DriveToken | string {
  const { keyslots, key, claim } = entry;
  const unknown = Object.keys(entry).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) return 'it has a field that no Keystair token has';
  if (typeof key !== 'string' || !UUID_PATTERN.test(key)) return 'its key id is not a lower-case UUID';
  if (typeof claim !== 'string' || !isClaimText(claim)) {
    return `its claim is not ${CLAIM_BYTES} bytes in unpadded canonical base64`;
  }
  if (!Array.isArray(keyslots) || !keyslots.every((slot) => typeof slot === 'string' && KEYSLOT.test(slot))) {
    return 'its keyslots are not a list of keyslot numbers';
  }
  // cryptsetup removes a deleted keyslot from its tokens and leaves them empty.
  if (keyslots.length === 0) return 'its keyslot was removed';
  if (!keyslots.every((slot: string) => metadata.keyslots.has(slot)))
    return 'it names a keyslot that does not exist';
  return { keyId: key, claim: claimFromText(claim), keyslots: keyslots.map(Number) };
}

/** Throws `drive-altered` where there are Keystair tokens but none is well-formed. */
export function findDriveTokens(metadata: Luks2Metadata): DriveTokens {
  const tokens: DriveToken[] = [];
  const malformed: { token: string; problem: string }[] = [];
  for (const [token, entry] of metadata.tokens) {
    if (entry['type'] !== TOKEN_TYPE) continue;
    const parsed = parseToken(entry, metadata);
    if (typeof parsed === 'string') malformed.push({ token, problem: parsed });
    else tokens.push(parsed);
  }
  const [first] = malformed;
  if (tokens.length === 0 && first !== undefined) {
    throw new KeystairError(
      'drive-altered',
      `the drive's Keystair token ${first.token} is malformed: ${first.problem}`,
      {
        nextStep: "restore the drive's header from a backup, or open it with another passphrase",
        details: { malformed },
      },
    );
  }
  // Ids are UUIDv7 and begin with their time.
  tokens.sort((a, b) => Number(a.keyId < b.keyId) - Number(a.keyId > b.keyId));
  return { tokens, malformed };
}

/**
 * The failure of a LUKS2 drive without a token of ours. The drive does not say whether it was ever ours; its UUID does.
 *
 * @param keyId of a key that this device itself made for a drive of that UUID.
 */
export function noDriveToken(path: string, uuid: string, keyId?: string): KeystairError {
  const ours =
    keyId === undefined ? '' : `, although this device made the key ${keyId} for it: its token is missing`;
  return new KeystairError(
    'drive-no-token',
    `${path} is a LUKS volume (UUID ${uuid}) whose header names no Keystair key${ours}`,
    {
      nextStep: step('find-drive-key', { uuid }),
      details: { uuid, ...(keyId === undefined ? {} : { key: keyId }) },
    },
  );
}
