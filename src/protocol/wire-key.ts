/**
 * An encryption key as it travels: public fields as they are, material and blind in base64. Invariant: parsing a key
 * checks it, so a key from outside fits its id.
 *
 * Written by hand and not as a schema: a transmission of a million keys passes through here.
 */
import { z } from 'zod';
import { isObject } from '#domain/bounded-json.ts';
import {
  type CheckedKey,
  checkKey,
  type CompleteKey,
  type EncryptionKey,
  type Locator,
  LOCATOR_FIELDS,
  recordInvalid,
} from '#domain/encryption-key.ts';
import type { KeyKind } from '#domain/key-kind.ts';
import { codeOf } from '#domain/errors.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { BLIND_BYTES, KEY_MATERIAL_BYTES_MAX, NAME_LENGTH_MAX } from '#domain/limits.ts';

export interface WireKey {
  readonly key: EncryptionKey;
  readonly material: string;
  readonly blind: string;
}

export function keyToWire(complete: CompleteKey): WireKey {
  return { key: complete.key, ...secretsToWire(complete) };
}

/** Material and blind in base64. */
export function secretsToWire({
  material,
  blind,
}: Pick<CompleteKey, 'material' | 'blind'>): Omit<WireKey, 'key'> {
  return { material: toBase64(material.expose()), blind: toBase64(blind) };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function text(from: Record<string, unknown>, field: string): string {
  const value = from[field];
  if (typeof value !== 'string') throw recordInvalid(`the key's ${field} must be text`);
  if (value.length > NAME_LENGTH_MAX)
    throw recordInvalid(`the key's ${field} has more than ${NAME_LENGTH_MAX} characters`);
  return value;
}

/** RFC 4648 section 4, padded, unused bits zero: so no two texts give the same bytes. */
const CANONICAL_BASE64 =
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/;

function bytes(from: Record<string, unknown>, what: 'material' | 'blind', bytesMax: number): Uint8Array {
  const value = from[what];
  if (typeof value !== 'string') throw recordInvalid(`the key's ${what} must be text`);
  if (value.length > Math.ceil(bytesMax / 3) * 4) {
    throw recordInvalid(`the key's ${what} has more than ${bytesMax} bytes`);
  }
  if (!CANONICAL_BASE64.test(value)) throw recordInvalid(`the key's ${what} must be canonical base64`);
  return Buffer.from(value, 'base64');
}

function locatorOf(value: unknown): Locator {
  if (!isObject(value)) throw recordInvalid("the key's locator must be an object");
  const locator: Record<string, string> = {};
  for (const field of LOCATOR_FIELDS) {
    if (value[field] !== undefined) locator[field] = text(value, field);
  }
  return locator;
}

/** The public fields of any value, unknown fields dropped. Throws `record-invalid`. */
function keyFieldsFrom(value: unknown): EncryptionKey {
  if (!isObject(value)) throw recordInvalid('a key must be an object');
  const device = value['device'];
  if (!isObject(device)) throw recordInvalid("the key's device must be an object");
  const replaces = value['replaces'] ?? null;
  if (replaces !== null && typeof replaces !== 'string')
    throw recordInvalid("the key's replaces must be text or null");
  return {
    id: text(value, 'id'),
    kind: text(value, 'kind') as KeyKind,
    claimHash: text(value, 'claimHash'),
    device: { id: text(device, 'id'), name: text(device, 'name') },
    locator: locatorOf(value['locator']),
    algorithm: text(value, 'algorithm'),
    origin: text(value, 'origin'),
    createdAt: text(value, 'createdAt'),
    replaces,
  };
}

/** Throws `record-invalid` with a sentence that names the field. */
export function keyFromWire(value: unknown): CheckedKey {
  if (!isObject(value)) throw recordInvalid('a key must be an object');
  const key = keyFieldsFrom(value['key']);
  return checkKey({
    key,
    material: new KeyMaterial(bytes(value, 'material', KEY_MATERIAL_BYTES_MAX)),
    blind: bytes(value, 'blind', BLIND_BYTES),
  });
}

/** The key of an answer if it is the one that was asked for; undefined if it is another, or none. */
export function askedKeyFromWire(value: unknown, id: string): CheckedKey | undefined {
  try {
    const checked = keyFromWire(value);
    return checked.complete.key.id === id ? checked : undefined;
  } catch (error) {
    if (codeOf(error) === 'record-invalid') return undefined;
    throw error;
  }
}

/** The id of something that should be a key, for naming it in a refusal; empty where it has none. */
export function idOfWire(value: unknown): string {
  if (!isObject(value) || !isObject(value['key'])) return '';
  const id = value['key']['id'];
  return typeof id === 'string' ? id.slice(0, 36) : '';
}

/** For schemas of messages that carry one whole key; `keyFromWire` does the checking. */
export const WireKeySchema = z.custom<WireKey>((value) => isObject(value) && isObject(value['key']), {
  message: 'must be a key',
});
