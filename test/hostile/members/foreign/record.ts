/** Records and batches as docs/PROTOCOL.md gives them: canonical form, digest, id, chain value. */
import { createHash, hash, randomBytes, randomUUID } from 'node:crypto';

export interface Held {
  readonly id: string;
  /** 22 characters. */
  readonly claim: string;
  readonly digest: Buffer;
  /** As it travels. */
  readonly record: { readonly key: object; readonly material: string; readonly blind: string };
}

/** RFC 8785 for texts, null and objects of them. */
function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, of]) => `${JSON.stringify(name)}:${canonical(of)}`).join(',')}}`;
}

function counted(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

export function makeRecord(from: {
  readonly device: { readonly id: string; readonly name: string };
  readonly origin: string;
  readonly materialBytes?: number;
  readonly locator?: Readonly<Record<string, string>>;
  readonly algorithm?: string;
}): Held {
  const { device, origin, materialBytes = 32 } = from;
  const { locator = { label: 'a drive' }, algorithm = 'aes-xts-plain64/512' } = from;
  const claim = randomBytes(16);
  const material = randomBytes(materialBytes);
  const blind = randomBytes(16);
  const createdAt = new Date();
  const fields = {
    kind: 'volume',
    claimHash: hash('sha256', claim, 'hex'),
    device: { id: device.id, name: device.name },
    locator,
    algorithm,
    origin,
    createdAt: createdAt.toISOString(),
    replaces: null,
  };
  const digest = createHash('sha256')
    .update('keystair/encryption-key/v1\0')
    .update(counted(Buffer.from(canonical(fields))))
    .update(counted(material))
    .update(blind)
    .digest();
  const key = { id: idOf(createdAt.getTime(), digest), ...fields };
  return {
    id: key.id,
    claim: claim.toString('base64').slice(0, 22),
    digest,
    record: { key, material: material.toString('base64'), blind: blind.toString('base64') },
  };
}

function idOf(ms: number, digest: Buffer): string {
  const random = digest.readBigUInt64BE(0);
  const first = (random >> 52n).toString(16).padStart(3, '0');
  // 62 bits behind the first 12: 52 of these eight bytes and 10 of what follows.
  const rest = ((random & ((1n << 52n) - 1n)) << 10n) | BigInt(digest.readUInt16BE(8) >> 6);
  const tail = ((2n << 62n) | rest).toString(16).padStart(16, '0');
  const hex = `${ms.toString(16).padStart(12, '0')}7${first}${tail}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export interface Position {
  readonly seq: number;
  readonly chain: string;
}

export const START: Position = { seq: 0, chain: '0'.repeat(64) };
export const newEpoch = (): string => randomBytes(16).toString('hex');

export interface Batch {
  readonly lines: readonly string[];
  readonly end: Position;
}

export function batchOf(epoch: string, from: Position, keys: readonly Held[]): Batch {
  let chain = Buffer.from(from.chain, 'hex');
  const lines = [JSON.stringify({ epoch, ...from })];
  for (const { record, digest } of keys) {
    chain = createHash('sha256').update(chain).update(digest).digest();
    lines.push(JSON.stringify({ ...record, digest: digest.toString('hex') }));
  }
  const end = { seq: from.seq + keys.length, chain: chain.toString('hex') };
  lines.push(JSON.stringify({ end }));
  return { lines, end };
}

/** Nobody has such a key. */
export function someQuestion(): { readonly id: string; readonly claim: string } {
  const id = randomUUID().replace(/^(.{14})4/, '$17');
  return { id, claim: randomBytes(16).toString('base64').slice(0, 22) };
}
