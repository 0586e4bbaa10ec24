/** Lines of a batch as a secondary writes them. */
import { type CompleteKey, checkKey } from '#domain/encryption-key.ts';
import { keyToWire } from '#protocol/wire-key.ts';

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The line of one key; `changed` is laid over it after the digest was taken. */
export function lineOf(key: CompleteKey, changed: Record<string, unknown> = {}): string {
  return JSON.stringify({ ...keyToWire(key), digest: hex(checkKey(key).digest), ...changed });
}
