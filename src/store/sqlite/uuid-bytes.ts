/** UUIDs as 16 bytes: less than half of their text, in every row and every index. */
import { UUID_PATTERN, uuidOfHex } from '#domain/uuid.ts';
import { KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';

export const UUID_BYTES = 16;

/** Undefined for anything but a UUID in lower case: no row has such an id. */
export function uuidToBytes(uuid: string): Uint8Array | undefined {
  if (!UUID_PATTERN.test(uuid)) return undefined;
  return Buffer.from(
    uuid.slice(0, 8) + uuid.slice(9, 13) + uuid.slice(14, 18) + uuid.slice(19, 23) + uuid.slice(24),
    'hex',
  );
}

/** Throws `data-damaged` unless there are the 16 bytes that every row has there: a damaged page may hold anything. */
export function uuidFromBytes(bytes: Uint8Array): string {
  if (!(bytes instanceof Uint8Array) || bytes.length !== UUID_BYTES) {
    throw new KeystairError('data-damaged', 'an id in the database is damaged', {
      nextStep: step('verify-and-restore'),
    });
  }
  return uuidOfHex(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex'));
}
