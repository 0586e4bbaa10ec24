/**
 * The encryption key: an immutable record whose id is made from its content.
 *
 * Invariant: `id` is a UUIDv7 (RFC 9562) whose time is `createdAt` and whose 74 random bits are the first 74 bits of
 * the record's digest. So no one can put other content under a known id, and two servers can compare a record by its
 * digest without showing the material.
 */
import { parseJson } from './bounded-json.ts';
import { KeystairError } from './errors.ts';
import { KEY_JSON } from './json-bounds.ts';
import { KEY_KINDS, type KeyKind } from './key-kind.ts';
import type { KeyMaterial } from './key-material.ts';
import { BLIND_BYTES, KEY_FIELDS_BYTES_MAX, NAME_LENGTH_MAX } from './limits.ts';
import { sha256 } from './sha-256.ts';
import { UUID_PATTERN, uuidOfHex } from './uuid.ts';
import { step } from './step.ts';

/** What helps a person find a key. */
export interface Locator {
  readonly luksUuid?: string;
  readonly label?: string;
  readonly serial?: string;
  readonly recoveryId?: string;
}

/** The public fields: identity and provenance. Shown in lists and logs. */
export interface EncryptionKey {
  readonly id: string;
  readonly kind: KeyKind;
  /** SHA-256 of the claim, 64 lower-case hexadecimal digits. */
  readonly claimHash: string;
  readonly device: { readonly id: string; readonly name: string };
  readonly locator: Locator;
  /** For instance `aes-xts-plain64/512`, `age-x25519`, `age-mlkem768x25519`. */
  readonly algorithm: string;
  /** Id of the server the device belonged to. */
  readonly origin: string;
  /** ISO 8601 in UTC with milliseconds. */
  readonly createdAt: string;
  /** Id of the key this one supersedes. */
  readonly replaces: string | null;
}

/** A key with its secrets: the material, and the blind that hides it behind the digest. */
export interface CompleteKey {
  readonly key: EncryptionKey;
  readonly material: KeyMaterial;
  readonly blind: Uint8Array;
}

const UUID7_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const HASH_PATTERN = /^[0-9a-f]{64}$/;
/** A UUIDv7 has no room for times before 1970, and ISO 8601 writes years of more than four digits in another form. */
const CREATED_AT_MS_MIN = 0;
const CREATED_AT_MS_MAX = Date.parse('9999-12-31T23:59:59.999Z');
export const LOCATOR_FIELDS = ['label', 'luksUuid', 'recoveryId', 'serial'] as const;
const DIGEST_PURPOSE = Buffer.from('keystair/encryption-key/v1\0');

export function recordInvalid(sentence: string): KeystairError {
  return new KeystairError('record-invalid', sentence, {
    nextStep: 'it was not stored; check what made this key',
  });
}

function checkText(name: string, value: unknown, least = 1): void {
  if (
    typeof value !== 'string' ||
    value.length < least ||
    value.length > NAME_LENGTH_MAX ||
    !value.isWellFormed()
  ) {
    throw recordInvalid(`the key's ${name} must be text of ${least} to ${NAME_LENGTH_MAX} characters`);
  }
}

/** Throws `record-invalid` unless every public field has its form. Does not look at the id's random bits. */
function checkKeyFields(key: EncryptionKey): void {
  if (typeof key.id !== 'string' || !UUID7_PATTERN.test(key.id))
    throw recordInvalid("the key's id must be a UUIDv7");
  if (!KEY_KINDS.includes(key.kind))
    throw recordInvalid(`the key's kind must be one of ${KEY_KINDS.join(', ')}`);
  if (typeof key.claimHash !== 'string' || !HASH_PATTERN.test(key.claimHash)) {
    throw recordInvalid("the key's claimHash must be 64 hexadecimal digits");
  }
  if (!UUID_PATTERN.test(key.device.id)) throw recordInvalid("the key's device.id must be a UUID");
  checkText('device.name', key.device.name);
  for (const field of LOCATOR_FIELDS) {
    if (key.locator[field] !== undefined) checkText(`locator.${field}`, key.locator[field]);
  }
  checkText('algorithm', key.algorithm);
  if (!UUID_PATTERN.test(key.origin)) throw recordInvalid("the key's origin must be a UUID");
  const time = Date.parse(key.createdAt);
  const inYears = time >= CREATED_AT_MS_MIN && time <= CREATED_AT_MS_MAX;
  if (!inYears || new Date(time).toISOString() !== key.createdAt) {
    throw recordInvalid(
      "the key's createdAt must be ISO 8601 in UTC with milliseconds, of the years 1970 to 9999",
    );
  }
  if (key.replaces !== null && !UUID7_PATTERN.test(key.replaces))
    throw recordInvalid("the key's replaces must be a UUIDv7");
}

/**
 * The public fields other than the id in canonical form, version 1: JSON as RFC 8785 (JCS) writes it. All values are
 * well-formed strings or null, for which JCS is `JSON.stringify` with sorted names.
 */
export function canonicalFields(key: EncryptionKey): string {
  const locator: Record<string, string> = {};
  for (const field of LOCATOR_FIELDS) {
    const value = key.locator[field];
    if (value !== undefined) locator[field] = value;
  }
  return JSON.stringify({
    algorithm: key.algorithm,
    claimHash: key.claimHash,
    createdAt: key.createdAt,
    device: { id: key.device.id, name: key.device.name },
    kind: key.kind,
    locator,
    origin: key.origin,
    replaces: key.replaces,
  });
}

/**
 * The key whose canonical form is `fields`. Trusts its input, which comes from our own sealed rows. Throws
 * `record-unreadable` where it has not that form.
 */
export function keyFromCanonical(id: string, fields: string): EncryptionKey {
  let parsed: Partial<EncryptionKey> | null = null;
  try {
    parsed = parseJson(fields, KEY_JSON) as Partial<EncryptionKey> | null;
  } catch {
    // Not the cause: its message would quote the row.
  }
  // Only what is listed and searched; the rest is checked when the record is opened.
  if (
    typeof parsed?.device?.name === 'string' &&
    typeof parsed.locator === 'object' &&
    parsed.locator !== null
  )
    return { ...(parsed as Omit<EncryptionKey, 'id'>), id };
  throw new KeystairError('record-unreadable', `the public fields of key ${id} are damaged`, {
    nextStep: step('verify-key'),
  });
}

/**
 * The record's digest, 32 bytes: SHA-256 over purpose, length and canonical fields, length and material, blind.
 * Lengths are 32-bit big-endian. The blind makes it safe to show.
 */
export function digestOf(fields: string, material: Uint8Array, blind: Uint8Array): Buffer {
  const text = Buffer.byteLength(fields);
  const bytes = Buffer.allocUnsafe(DIGEST_PURPOSE.length + 8 + text + material.length + blind.length);
  let at = DIGEST_PURPOSE.copy(bytes);
  at = bytes.writeUInt32BE(text, at);
  at += bytes.write(fields, at);
  at = bytes.writeUInt32BE(material.length, at);
  bytes.set(material, at);
  bytes.set(blind, at + material.length);
  const digest = sha256(bytes);
  bytes.fill(0);
  return digest;
}

/** The UUIDv7 of a record: 48 bits of Unix milliseconds, then the digest's first 74 bits. */
export function idFromDigest(createdAtMs: number, digest: Uint8Array): string {
  const bytes = Buffer.allocUnsafe(16);
  bytes.writeUIntBE(createdAtMs, 0, 6);
  // 74 bits of the digest: 12 after the version, 62 after the variant, 30 of them in the first word.
  const source = Buffer.from(digest.buffer, digest.byteOffset, 10);
  bytes.writeUInt16BE(0x7000 | (source.readUInt16BE(0) >>> 4), 6);
  const middle = source.readUInt32BE(5);
  const first30 = ((source.readUInt32BE(1) & 0x0f_ff_ff_ff) << 2) | (middle >>> 30);
  bytes.writeUInt32BE((0x80_00_00_00 | first30) >>> 0, 8);
  bytes.writeUInt32BE(((middle << 2) | (source[9]! >>> 6)) >>> 0, 12);
  return uuidOfHex(bytes.toString('hex'));
}

/** What the maker fills in; the id follows from it. */
export type KeyDraft = Omit<EncryptionKey, 'id'>;

/** Makes a key where it originates. `blind` is 16 fresh random bytes. */
export function makeKey(draft: KeyDraft, material: KeyMaterial, blind: Uint8Array): CompleteKey {
  const unnamed: EncryptionKey = { id: '00000000-0000-7000-8000-000000000000', ...draft };
  checkKeyFields(unnamed);
  const digest = digestOf(canonicalFields(unnamed), material.expose(), blind);
  const id = idFromDigest(Date.parse(draft.createdAt), digest);
  return checkKey({ key: { ...unnamed, id }, material, blind }).complete;
}

/** A key whose id fits its content, with what that check computed. */
export interface CheckedKey {
  readonly complete: CompleteKey;
  readonly fields: string;
  readonly digest: Buffer;
}

/** Checks every record on its way in. Throws `record-invalid`; its sentence names the field, never the material. */
export function checkKey(complete: CompleteKey): CheckedKey {
  const { key, material, blind } = complete;
  checkKeyFields(key);
  if (blind.length !== BLIND_BYTES) throw recordInvalid(`the key's blind must have ${BLIND_BYTES} bytes`);
  const fields = canonicalFields(key);
  if (Buffer.byteLength(fields) > KEY_FIELDS_BYTES_MAX) {
    throw recordInvalid(`the key's public fields take more than ${KEY_FIELDS_BYTES_MAX} bytes`);
  }
  const digest = digestOf(fields, material.expose(), blind);
  requireIdFits(key, digest);
  return { complete, fields, digest };
}

function requireIdFits({ id, createdAt }: EncryptionKey, digest: Uint8Array): void {
  if (idFromDigest(Date.parse(createdAt), digest) !== id)
    throw recordInvalid("the key's id does not fit its content");
}
