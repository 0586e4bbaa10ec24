/**
 * A spoken answer to a spoken request for a drive's key: its passphrase, sealed to the key that the device made for the
 * request, in 34 groups that a person reads out.
 *
 * Invariant: it opens only for the drive that it is for. UUID and cipher of the key's record are authenticated with it, and the
 * device takes its own from the drive's header: an altered header does not open it.
 */
import { hash } from 'node:crypto';
import { KeystairError } from '#domain/errors.ts';
import { answerInvalid } from '#domain/key-request.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { decodeSpokenText, encodeSpokenText } from '#domain/spoken-text.ts';
import { HPKE_OVERHEAD_BYTES, hpkeOpen, hpkeSeal } from './hpke.ts';

const INFO = Buffer.from('keystair/spoken-answer/v1');
const VERSION = 1;
/** Thirteen groups of four characters, five bits each; the dashes are put back. */
const PASSPHRASE = /^[0-9a-hjkmnp-tv-z]{4}(?:-[0-9a-hjkmnp-tv-z]{4}){12}$/;
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const PASSPHRASE_BYTES = 33;
const CHECK_AT = 1 + HPKE_OVERHEAD_BYTES + PASSPHRASE_BYTES;
/** With three bytes of a digest: groups that were swapped far apart fit each by itself. */
export const SPOKEN_ANSWER_BYTES = CHECK_AT + 3;

/** What the answer is for, as the key's record and the drive's header must both say. */
export interface SpokenDrive {
  readonly key: string;
  readonly luksUuid: string;
  readonly algorithm: string;
}

function associatedOf({ key, luksUuid, algorithm }: SpokenDrive): Buffer {
  return Buffer.from(`${key}\n${luksUuid.toLowerCase()}\n${algorithm}`);
}

/** @param point of the request. Throws `not-allowed` for a passphrase that was not made by Keystair. */
export function sealSpokenAnswer(point: Uint8Array, drive: SpokenDrive, passphrase: KeyMaterial): string {
  const packed = packed260(passphrase.exposeText() ?? '');
  if (packed === undefined) {
    throw new KeystairError('not-allowed', 'this key has not the form that can be read out', {
      nextStep: 'have the request sent as a file, and answer that',
    });
  }
  const context = { info: INFO, associated: associatedOf(drive) };
  const bytes = Buffer.alloc(SPOKEN_ANSWER_BYTES);
  bytes[0] = VERSION;
  bytes.set(hpkeSeal(point, context, packed), 1);
  packed.fill(0);
  bytes.set(checkOf(bytes), CHECK_AT);
  return encodeSpokenText(bytes);
}

function checkOf(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes.subarray(0, CHECK_AT), 'buffer').subarray(0, SPOKEN_ANSWER_BYTES - CHECK_AT);
}

/** 260 bits, the last byte's lower four are 0; undefined where it has another form. */
function packed260(text: string): Buffer | undefined {
  if (!PASSPHRASE.test(text)) return undefined;
  let value = 0n;
  for (const character of text.replaceAll('-', ''))
    value = (value << 5n) | BigInt(ALPHABET.indexOf(character));
  return Buffer.from((value << 4n).toString(16).padStart(2 * PASSPHRASE_BYTES, '0'), 'hex');
}

function unpacked260(bytes: Uint8Array): string {
  let value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`) >> 4n;
  let text = '';
  for (let at = 0; at < 52; at += 1) {
    text = ALPHABET[Number(value & 31n)] + text;
    value >>= 5n;
  }
  return text.match(/.{4}/g)!.join('-');
}

/** The sealed part. Throws `answer-invalid`, which names the wrong group. */
export function readSpokenAnswer(text: string): Uint8Array {
  const read = decodeSpokenText(text, SPOKEN_ANSWER_BYTES);
  if (!('bytes' in read)) throw answerInvalid('misheard', read);
  const { bytes } = read;
  if (!checkOf(bytes).equals(bytes.subarray(CHECK_AT))) throw answerInvalid('misheard');
  if (bytes[0] !== VERSION) throw answerInvalid('not-an-answer');
  return bytes.subarray(1, CHECK_AT);
}

/** The passphrase; undefined where the answer is for another request or drive, or the drive's header was altered. */
export function openSpokenAnswer(
  secret: KeyMaterial,
  drive: SpokenDrive,
  sealed: Uint8Array,
): KeyMaterial | undefined {
  const packed = hpkeOpen(secret.expose(), { info: INFO, associated: associatedOf(drive) }, sealed);
  if (packed === undefined) return undefined;
  const passphrase = KeyMaterial.fromText(unpacked260(packed));
  packed.fill(0);
  return passphrase;
}
