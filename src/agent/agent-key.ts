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
  readonly material: KeyMaterial | null;
  readonly blind: Uint8Array | null;
  /** The state's parts of a key made here no longer fit together: the key is left out, and asked for instead. */
  readonly altered?: true;
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
  if (typeof record !== 'string' || !(material instanceof Uint8Array) || !(blind instanceof Uint8Array))
    return { ...key, altered: true };
  try {
    const own = {
      record: parseJson(record, KEY_JSON) as EncryptionKey,
      material: new KeyMaterial(material),
      blind,
    };
    return fitsTogether(key, own) ? { ...key, ...own } : { ...key, altered: true };
  } catch {
    return { ...key, altered: true };
  }
}

function fitsTogether(
  { id, kind, custody, claim }: AgentKey,
  { record, material, blind }: { record: EncryptionKey; material: KeyMaterial; blind: Uint8Array },
): boolean {
  checkKey({ key: record, material, blind });
  const known = custody === 'made' || custody === 'pending';
  return (
    known && record.id === id && record.kind === kind && claimFits(claimFromText(claim), record.claimHash)
  );
}
