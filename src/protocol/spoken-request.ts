/**
 * A request for a drive's key that a person reads out: version (1 byte, 1), key (16 bytes), claim (16), the public key that was
 * made for the answer (X25519, 32), device (16), and the first 4 bytes of SHA-256 over all before it. 34 groups.
 *
 * The request's own id is made from it, and the device's name is asked of the server: neither is read out.
 */
import { claimFromText, claimToText } from '#domain/claim.ts';
import { keyRequestInvalid } from '#domain/key-request.ts';
import { sha256 } from '#domain/sha-256.ts';
import { decodeSpokenText, encodeSpokenText } from '#domain/spoken-text.ts';
import { uuidOfHex } from '#domain/uuid.ts';

export interface SpokenRequest {
  readonly key: string;
  readonly claim: string;
  /** As the call of people takes it, `x25519:` and base64url. */
  readonly recipient: string;
  readonly device: string;
}

const VERSION = 1;
const [KEY_AT, CLAIM_AT, POINT_AT, DEVICE_AT, CHECK_AT] = [1, 17, 33, 65, 81];
export const SPOKEN_REQUEST_BYTES = 85;
const PREFIX = 'x25519:';

export function spokenRecipient(point: Uint8Array): string {
  return PREFIX + Buffer.from(point).toString('base64url');
}

export function pointOfRecipient(recipient: string): Uint8Array {
  return Buffer.from(recipient.slice(PREFIX.length), 'base64url');
}

function uuidBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

function checkOf(bytes: Uint8Array): Uint8Array {
  return sha256(bytes.subarray(0, CHECK_AT)).subarray(0, SPOKEN_REQUEST_BYTES - CHECK_AT);
}

/** The id of a spoken request, a UUID of version 8 (RFC 9562). */
export function spokenRequestId({ key, recipient }: Pick<SpokenRequest, 'key' | 'recipient'>): string {
  const digest = Buffer.from(sha256(Buffer.from(`keystair/spoken-request/v1 ${key} ${recipient}`)));
  digest[6] = (digest[6]! & 0x0f) | 0x80;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  return uuidOfHex(digest.toString('hex', 0, 16));
}

export function encodeSpokenRequest({ key, claim, recipient, device }: SpokenRequest): string {
  const bytes = new Uint8Array(SPOKEN_REQUEST_BYTES);
  bytes[0] = VERSION;
  bytes.set(uuidBytes(key), KEY_AT);
  bytes.set(claimFromText(claim), CLAIM_AT);
  bytes.set(pointOfRecipient(recipient), POINT_AT);
  bytes.set(uuidBytes(device), DEVICE_AT);
  bytes.set(checkOf(bytes), CHECK_AT);
  return encodeSpokenText(bytes);
}

/** Throws `key-request-invalid`, which names the wrong group. */
export function readSpokenRequest(text: string): SpokenRequest {
  const read = decodeSpokenText(text, SPOKEN_REQUEST_BYTES);
  if ('wrongGroup' in read)
    throw keyRequestInvalid(
      `block ${read.wrongGroup} is not what was read out`,
      'compare that block, and type it again',
    );
  if ('wrongLength' in read) {
    throw keyRequestInvalid(
      `it has ${read.wrongLength} characters, and a spoken one has 170 in 34 blocks`,
      'find the block that is missing or there twice',
    );
  }
  const bytes = Buffer.from(read.bytes);
  if (!bytes.subarray(CHECK_AT).equals(checkOf(bytes)))
    throw keyRequestInvalid(
      'each block is right, but not all are in their place',
      'have it read out once more',
    );
  if (bytes[0] !== VERSION) throw keyRequestInvalid('a newer release made it', 'upgrade Keystair here');
  const hex = (from: number, to: number): string => bytes.toString('hex', from, to);
  return {
    key: uuidOfHex(hex(KEY_AT, CLAIM_AT)),
    claim: claimToText(bytes.subarray(CLAIM_AT, POINT_AT)),
    recipient: spokenRecipient(bytes.subarray(POINT_AT, DEVICE_AT)),
    device: uuidOfHex(hex(DEVICE_AT, CHECK_AT)),
  };
}
