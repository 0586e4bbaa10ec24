/**
 * Finds keys by a part of their id, device name or locator. SQLite narrows down roughly, never too far, and `fitsText`
 * decides. SQLite's LIKE knows the case of A to Z only, so anything else matches anything there; so do i and k, which
 * are also the lower case of İ and of the Kelvin sign.
 */
import { keyFromCanonical } from '#domain/encryption-key.ts';
import { codeOf } from '#domain/errors.ts';
import { uuidAsTyped } from '#domain/uuid.ts';
import type { KeyKind } from '#domain/key-kind.ts';
import type { StoredKey } from './rows.ts';

const LIKE_SPECIAL = /[\\%_]/g;
const NOT_ASCII = /[^\x20-\x7e]/g;
const CASED_BEYOND_ASCII = /[ik]/gi;

/** A pattern, with `\` as its escape, that every canonical form with this text matches. */
export function fieldsPattern(text: string): string {
  // Without dashes it may also be a serial number of as many digits.
  const uuid = uuidAsTyped(text);
  if (uuid !== undefined) return `%${uuid.replaceAll('-', '%')}%`;
  const asJson = JSON.stringify(text).slice(1, -1);
  return `%${asJson.replace(LIKE_SPECIAL, '\\$&').replace(NOT_ASCII, '%').replace(CASED_BEYOND_ASCII, '_')}%`;
}

/** A pattern for the id's 32 digits, null where no id has such text. */
export function idPattern(text: string): string | null {
  return /^[0-9a-f-]*$/i.test(text) ? `%${text.replaceAll('-', '')}%` : null;
}

/**
 * What stands in the canonical form of a key of this kind, and of no other: inside a text, the quotes would have
 * backslashes before them.
 */
export function kindMark(kind: KeyKind): string {
  return `"kind":"${kind}"`;
}

/** Unreadable fields match where their bytes do: the listing then says that they are damaged. */
export function fitsText(row: StoredKey, text: string): boolean {
  const sought = text.toLowerCase();
  const asUuid = uuidAsTyped(text) ?? sought;
  return searchedOf(row).some((value) => {
    const lower = value.toLowerCase();
    return lower.includes(sought) || lower.includes(asUuid);
  });
}

function searchedOf({ id, fields }: StoredKey): readonly string[] {
  try {
    const { device, locator } = keyFromCanonical(id, fields);
    const values = [id, device.name, ...Object.values(locator)];
    if (values.every((value) => typeof value === 'string')) return values;
  } catch (error) {
    if (codeOf(error) !== 'record-unreadable') throw error;
  }
  return [id, fields];
}
