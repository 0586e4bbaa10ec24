/**
 * The seal that is a set of recovery shares: a random recovery key, split by Shamir's scheme so that any K of N holders
 * restore it and fewer learn nothing of it.
 *
 * Invariants: a share names its set and how many are needed, so that a wrong share is recognised before anything is
 * combined; its checksum covers all of it; no error holds a part of a share but the number of its set.
 *
 * A share is: version (1 byte, 1), set (4 bytes), threshold (1 byte), Shamir share (33 bytes), the first 6 bytes of
 * SHA-256 over all before it.
 */
import { hash } from 'node:crypto';
import { assert, KeystairError } from '#domain/errors.ts';
import { RECOVERY_SHARE_BYTES_MAX, RECOVERY_SHARES_MAX } from '#domain/limits.ts';
import { decodeSpokenText, encodeSpokenText } from '#domain/spoken-text.ts';

const SHARE_TEXT_BYTES = 45;
const VERSION = 1;
const SET_AT = 1;
const THRESHOLD_AT = 5;
const VALUE_AT = 6;
const VALUE_BYTES = 33;
const CHECKSUM_AT = VALUE_AT + VALUE_BYTES;

export const RECOVERY_SET_BYTES = THRESHOLD_AT - SET_AT;
/** One share would be the key itself. */
const RECOVERY_THRESHOLD_MIN = 2;

export interface RecoveryShare {
  /** Eight hexadecimal digits in capitals: they name the set that was given out. */
  readonly set: string;
  readonly threshold: number;
  readonly value: Uint8Array;
}

function checksumOf(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes.subarray(0, CHECKSUM_AT), 'buffer').subarray(0, SHARE_TEXT_BYTES - CHECKSUM_AT);
}

/** The texts of N shares, any `threshold` of which give the key. @param set eight hexadecimal digits. */
export async function splitRecoveryKey(
  key: Uint8Array,
  { set, shares, threshold }: { readonly set: string; readonly shares: number; readonly threshold: number },
): Promise<readonly string[]> {
  assert(
    threshold >= RECOVERY_THRESHOLD_MIN && threshold <= shares && shares <= RECOVERY_SHARES_MAX,
    'shares and threshold were checked',
  );
  // The library wants a plain Uint8Array, and Node's random bytes are a Buffer.
  const { split } = await import('shamir-secret-sharing');
  const values = await split(Uint8Array.from(key), shares, threshold);
  return values.map((value) => {
    const bytes = new Uint8Array(SHARE_TEXT_BYTES);
    bytes[0] = VERSION;
    bytes.set(Buffer.from(set, 'hex'), SET_AT);
    bytes[THRESHOLD_AT] = threshold;
    bytes.set(value, VALUE_AT);
    bytes.set(checksumOf(bytes), CHECKSUM_AT);
    value.fill(0);
    return encodeSpokenText(bytes);
  });
}

function invalid(sentence: string, nextStep: string): KeystairError {
  return new KeystairError('share-invalid', sentence, { nextStep });
}

/** @param number as the person counts it, for the sentence. Throws `share-invalid`. */
export function parseRecoveryShare(text: string, number: number): RecoveryShare {
  const compare = 'compare it with the paper, and enter it again';
  const read =
    text.length > RECOVERY_SHARE_BYTES_MAX
      ? { wrongLength: text.length }
      : decodeSpokenText(text, SHARE_TEXT_BYTES);
  if ('wrongGroup' in read) throw invalid(`share ${number} is mistyped in group ${read.wrongGroup}`, compare);
  if ('wrongLength' in read) {
    throw invalid(
      `share ${number} has ${read.wrongLength} characters, but a share has 90 in 18 groups`,
      compare,
    );
  }
  const { bytes } = read;
  if (!checksumOf(bytes).equals(bytes.subarray(CHECKSUM_AT)))
    throw invalid(`share ${number} is mistyped`, compare);
  if (bytes[0] !== VERSION) throw invalid(`share ${number} was made by a newer release`, 'upgrade Keystair');
  return {
    set: Buffer.from(bytes.subarray(SET_AT, THRESHOLD_AT)).toString('hex').toUpperCase(),
    threshold: bytes[THRESHOLD_AT]!,
    value: bytes.slice(VALUE_AT, CHECKSUM_AT),
  };
}

/**
 * The recovery key. Does not say whether it is the right one: the seal does.
 *
 * @param set of the server's own seal. Throws `share-invalid` and `shares-missing`.
 */
export async function combineRecoveryShares(
  shares: readonly RecoveryShare[],
  set: string,
): Promise<Uint8Array> {
  for (const [index, share] of shares.entries()) {
    if (share.set !== set) {
      throw invalid(
        `share ${index + 1} belongs to set ${share.set}, but this server uses set ${set}`,
        'find the share of this set; this one was replaced or belongs to another server',
      );
    }
    // The Shamir share's last byte is its place; the same place twice is the same share.
    const first = shares.findIndex(({ value }) => value.at(-1) === share.value.at(-1));
    if (first !== index) {
      throw invalid(
        `share ${index + 1} is the same as share ${first + 1}`,
        'each holder has a different share',
      );
    }
  }
  const needed = shares[0]?.threshold ?? RECOVERY_THRESHOLD_MIN;
  if (shares.length < needed) {
    throw new KeystairError(
      'shares-missing',
      `${shares.length === 1 ? '1 share was' : `${shares.length} shares were`} given, but ${needed} are needed`,
      { nextStep: 'ask more holders, and enter all shares together' },
    );
  }
  const { combine } = await import('shamir-secret-sharing');
  return combine(shares.map(({ value }) => value));
}
