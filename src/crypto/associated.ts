/**
 * The data authenticated beside a sealed or MACed thing: its purpose, then what it belongs to.
 *
 * Invariant: two different pairs never give the same bytes. The purpose is preceded by its length, so no text can move
 * across the border between the two. Text that UTF-8 cannot carry faithfully is refused: it would read back as other
 * text, and the record would never open again.
 */
import { assert } from '#domain/errors.ts';

/** `LENGTH:PURPOSE` followed by the rest, in UTF-8; LENGTH is decimal, in UTF-16 units. Purposes are ASCII. */
export function associate(purpose: string, rest: string): Buffer {
  const text = `${purpose.length}:${purpose}${rest}`;
  assert(text.isWellFormed(), 'purpose and associated data are well-formed text');
  return Buffer.from(text, 'utf8');
}
