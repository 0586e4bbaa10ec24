/** UUIDs as 16 bytes: less than half of their text, in every row and every index. */
import { UUID_PATTERN } from '#domain/encryption-key.ts';

/** Undefined for anything but a UUID in lower case: such an id is in no row. */
export function uuidToBytes(uuid: string): Uint8Array | undefined {
  if (!UUID_PATTERN.test(uuid)) return undefined;
  return Buffer.from(
    uuid.slice(0, 8) + uuid.slice(9, 13) + uuid.slice(14, 18) + uuid.slice(19, 23) + uuid.slice(24),
    'hex',
  );
}

export function uuidFromBytes(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
