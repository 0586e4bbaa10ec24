/** A trusted row, and where a member is found. */
import { NOWHERE, type Place, placeOf } from '../member-place.ts';
import type { TrustedRow } from '../rows.ts';

export interface PlacedRow {
  readonly row: TrustedRow;
  readonly at: Place;
}

export function placedRow(row: TrustedRow): PlacedRow {
  return { row, at: row.kind === 'member' ? placeOf(row.body) : NOWHERE };
}
