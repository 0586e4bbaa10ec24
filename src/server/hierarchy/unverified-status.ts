/**
 * Reads back the unverified status of a neighbour. It carries no MAC and decides nothing, so a damaged note counts as
 * absent. It never keeps the server from starting or from listening to that neighbour.
 */
import { parseJson } from '#domain/bounded-json.ts';
import { ROW_JSON } from '#domain/json-bounds.ts';
import type { Contact } from '#store/rows.ts';

/** The fields that the note holds; none if it cannot be read. */
export function readUnverified<T extends object>(contact: Contact | undefined): Partial<T> {
  if (contact === undefined) return {};
  try {
    const body: unknown = parseJson(contact.body, ROW_JSON);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}
