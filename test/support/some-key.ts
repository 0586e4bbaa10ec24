/** Keys as a device would make them, with the claim that lies beside its data. */
import { randomBytes, randomUUID } from 'node:crypto';
import { hashClaim } from '#domain/claim.ts';
import { type CompleteKey, type KeyDraft, makeKey } from '#domain/encryption-key.ts';
import { KeyMaterial } from '#domain/key-material.ts';

export interface MadeKey extends CompleteKey {
  readonly claim: Uint8Array;
}

/** A key of some device, with its claim. */
export function makeSomeKey(draft: Partial<KeyDraft> = {}, material: Uint8Array = randomBytes(32)): MadeKey {
  const claim = new Uint8Array(randomBytes(16));
  const key = makeKey(
    {
      kind: 'volume',
      claimHash: hashClaim(claim),
      device: { id: randomUUID(), name: 'some device' },
      locator: { label: 'some drive' },
      algorithm: 'aes-xts-plain64/512',
      origin: randomUUID(),
      createdAt: new Date().toISOString(),
      replaces: null,
      ...draft,
    },
    new KeyMaterial(material),
    new Uint8Array(randomBytes(16)),
  );
  return { ...key, claim };
}
