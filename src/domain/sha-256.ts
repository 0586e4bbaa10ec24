/**
 * SHA-256 in one call. Each key takes several, and a hash in a buffer of its own costs twice as much as one that passes
 * as text: memory outside the heap is slow to allocate and slow to free.
 */
import { hash } from 'node:crypto';

/** 32 bytes. FIPS 180-4. @param data text is taken as UTF-8. */
export function sha256(data: string | Uint8Array): Buffer {
  return Buffer.from(hash('sha256', data, 'latin1'), 'latin1');
}
