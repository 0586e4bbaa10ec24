/**
 * What is kept of a neighbour by hearsay, read back. It carries no MAC and decides nothing, so a note that was damaged
 * is a note that is not there: never a reason not to start, or not to listen to that neighbour.
 */
import { parseJson } from '#domain/bounded-json.ts';
import { ROW_JSON } from '#domain/json-bounds.ts';
import type { Contact } from '#store/rows.ts';

/** The fields that the note holds; none where it cannot be read. */
export function readHearsay<T extends object>(contact: Contact | undefined): Partial<T> {
  if (contact === undefined) return {};
  try {
    const body: unknown = parseJson(contact.body, ROW_JSON);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}
