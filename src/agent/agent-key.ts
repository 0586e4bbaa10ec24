/**
 * A key in the device's state. Invariant: a key that was made here is read only if id, claim and material fit together;
 * otherwise it is left out. A file encrypted under an altered id or claim would open nowhere else, and nobody would
 * know until then.
 */
import { parseJson } from '#domain/bounded-json.ts';
import { claimFits, claimFromText } from '#domain/claim.ts';
import { checkKey, type EncryptionKey } from '#domain/encryption-key.ts';
import { KEY_JSON } from '#domain/json-bounds.ts';
import { KeyMaterial } from '#domain/key-material.ts';

/** How the device got a key. `pending`: made, not acknowledged yet; nothing is encrypted with it. */
export type Custody = 'pending' | 'made' | 'opened';

export interface AgentKey {
  readonly id: string;
  readonly kind: EncryptionKey['kind'];
  readonly custody: Custody;
  /** Unpadded base64. */
  readonly claim: string;
  /** Public fields; null for a key that was only opened here. */
  readonly record: EncryptionKey | null;
  /** Null also for a recovery password in custody: the device has no use for it. */
  readonly material: KeyMaterial | null;
  readonly blind: Uint8Array | null;
  /** The state's parts of a key made here no longer fit together: the key is left out, and asked for instead. */
  readonly altered?: true;
}

/** One that was made here, is in custody, and opens what it was made for. */
export type MadeKey = AgentKey & {
  readonly record: EncryptionKey;
  readonly material: KeyMaterial;
};

export function isMade(key: AgentKey | undefined): key is MadeKey {
  return key?.custody === 'made' && key.record !== null && key.material !== null;
}

/** Ordered by what replaces what and not by time: one made while the clock was ahead would be the newest for long. */
export function newestOf<K extends AgentKey & { readonly record: EncryptionKey }>(
  keys: readonly K[],
): K | undefined {
  const replaced = new Set(keys.map(({ record }) => record.replaces));
  return keys
    .filter(({ id }) => !replaced.has(id))
    .reduce<K | undefined>(
      (best, key) => (best === undefined || key.record.createdAt > best.record.createdAt ? key : best),
      undefined,
    );
}

export function keyFromRow(row: Record<string, unknown>): AgentKey {
  const { record, material, blind } = row;
  const key: AgentKey = {
    id: String(row['id']),
    kind: row['kind'] as AgentKey['kind'],
    custody: row['custody'] as Custody,
    claim: String(row['claim']),
    record: null,
    material: null,
    blind: null,
  };
  if (record === null && material === null && blind === null) return key;
  const isForgotten = material === null && key.kind === 'recovery' && key.custody === 'made';
  const isSecret = material instanceof Uint8Array;
  if (typeof record !== 'string' || !(isSecret || isForgotten) || !(blind instanceof Uint8Array))
    return { ...key, altered: true };
  try {
    const own = {
      record: parseJson(record, KEY_JSON) as EncryptionKey,
      material: isSecret ? new KeyMaterial(material) : null,
      blind,
    };
    return fitsTogether(key, own) ? { ...key, ...own } : { ...key, altered: true };
  } catch {
    return { ...key, altered: true };
  }
}

function fitsTogether(
  { id, kind, custody, claim }: AgentKey,
  { record, material, blind }: { record: EncryptionKey; material: KeyMaterial | null; blind: Uint8Array },
): boolean {
  if (material !== null) checkKey({ key: record, material, blind });
  const known = custody === 'made' || custody === 'pending';
  return (
    known && record.id === id && record.kind === kind && claimFits(claimFromText(claim), record.claimHash)
  );
}
