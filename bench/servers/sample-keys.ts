/** Keys such as devices make: one after another, a millisecond apart, from ten thousand devices. */
import { hash, randomBytes } from 'node:crypto';
import { claimToText, hashClaim } from '#domain/claim.ts';
import { canonicalFields, digestOf, type EncryptionKey, idFromDigest } from '#domain/encryption-key.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import type { CheckedKey } from '#domain/encryption-key.ts';

const DEVICES = 10_000;

export interface SampleKey extends CheckedKey {
  readonly claim: Uint8Array;
}

export interface Maker {
  readonly deviceId: string;
  readonly deviceName: string;
  readonly origin: string;
  readonly createdAtMs: number;
}

function uuid4(from: string): string {
  const hex = hash('sha256', from, 'hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A key with what is computed to check it, so that filling a repository computes it once. */
export function makeSampleKey(maker: Maker): SampleKey {
  const secrets = randomBytes(64);
  const claim = secrets.subarray(0, 16);
  const blind = secrets.subarray(16, 32);
  const material = KeyMaterial.fromText(secrets.toString('base64url', 32));
  const draft: EncryptionKey = {
    id: '',
    kind: 'volume',
    claimHash: hashClaim(claim),
    device: { id: maker.deviceId, name: maker.deviceName },
    locator: { label: 'Quarterly figures', luksUuid: uuid4(maker.deviceName) },
    algorithm: 'aes-xts-plain64/512',
    origin: maker.origin,
    createdAt: new Date(maker.createdAtMs).toISOString(),
    replaces: null,
  };
  const fields = canonicalFields(draft);
  const digest = digestOf(fields, material.expose(), blind);
  const key = { ...draft, id: idFromDigest(maker.createdAtMs, digest) };
  return { complete: { key, material, blind }, fields, digest, claim };
}

/** The makers of a repository's keys, by number. */
export function makersOf(origin: string, firstMs: number): (at: number) => Maker {
  const devices = Array.from({ length: DEVICES }, (_, at) => ({
    deviceId: uuid4(`device ${at}`),
    deviceName: `laptop-${String(at).padStart(5, '0')}`,
  }));
  return (at) => ({ ...devices[at % DEVICES]!, origin, createdAtMs: firstMs + at });
}

/** What a lookup needs to know of a key. */
export interface KnownKey {
  readonly id: string;
  readonly claim: string;
}

export function knownKeyOf(key: SampleKey): KnownKey {
  return { id: key.complete.key.id, claim: claimToText(key.claim) };
}
