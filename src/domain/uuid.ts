/** The one spelling of ids. Ids of keys are UUIDv7; each use says what its UUID identifies. */
export const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** @param hex 32 digits. */
export function uuidOfHex(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A UUID as people type it, in either case and with or without its dashes, in the one spelling; undefined if it is none. */
export function uuidAsTyped(text: string): string | undefined {
  const lower = text.toLowerCase();
  if (UUID_PATTERN.test(lower)) return lower;
  return /^[0-9a-f]{32}$/.test(lower) ? uuidOfHex(lower) : undefined;
}

/** Whether it can be the id of a key. What cryptsetup gives to drives is random, of version 4. */
export function isVersion7(uuid: string): boolean {
  return uuid[14] === '7';
}
