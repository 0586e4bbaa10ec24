/** Which keys a search looks at, and which of them it finds, whatever store narrows them down. */
import type { StoredKey } from './rows.ts';
import { fitsText, kindMark } from './key-text.ts';
import type { KeyFilter, KeyOrder } from './transaction.ts';

/** Numbers between two borders, which are not among them, and which come first. */
export interface KeySpan {
  readonly above: number;
  readonly below: number;
  readonly order: KeyOrder;
}

export const WHOLE: KeySpan = { above: 0, below: Number.MAX_SAFE_INTEGER, order: 'oldest' };

/** The stretches of the sequence to look at, in order. */
export function spansOf({
  above = WHOLE.above,
  below = WHOLE.below,
  numbers,
  order = 'oldest',
}: KeyFilter): readonly KeySpan[] {
  const spans = (numbers ?? [{ from: 0, to: WHOLE.below }])
    .map(({ from, to }) => ({ above: Math.max(above, from - 1), below: Math.min(below, to + 1), order }))
    .filter((span) => span.below - span.above > 1);
  return order === 'oldest' ? spans : spans.toReversed();
}

/** What is left of a span behind a number. */
export function behind(span: KeySpan, seq: number): KeySpan {
  return span.order === 'oldest' ? { ...span, above: seq } : { ...span, below: seq };
}

/** The numbers aside, which the spans hold to. */
export function fits(
  row: StoredKey,
  { deviceId, kind, text, recordedSince, recordedUntil }: KeyFilter,
): boolean {
  return (
    (deviceId === undefined || row.deviceId === deviceId) &&
    (recordedSince === undefined || row.recordedAt >= recordedSince) &&
    (recordedUntil === undefined || row.recordedAt < recordedUntil) &&
    (kind === undefined || row.fields.includes(kindMark(kind))) &&
    (text === undefined || fitsText(row, text))
  );
}
