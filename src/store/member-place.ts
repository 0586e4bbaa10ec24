/** The place where a member's row is found: read from its body, which is not verified here. */
import { parseJson } from '#domain/bounded-json.ts';
import { groupOf, type Member, MEMBER_PLACES, memberPlace } from '#domain/member.ts';
import { sortName } from '#domain/name-order.ts';

export interface Place {
  readonly place: string | null;
  readonly sortName: string | null;
  readonly state: string | null;
  readonly group: string | null;
}

export const NOWHERE: Place = { place: null, sortName: null, state: null, group: null };

/** A dozen fields, of which names and a public key are the longest; anything larger is no member. */
const MEMBER_BOUNDS = { length: 16 * 1024, depth: 4, values: 100 };

/** A body that is no member's is kept, and found only by its id. */
export function placeOf(body: string): Place {
  let value: Partial<Member> | null;
  try {
    value = parseJson(body, MEMBER_BOUNDS) as Partial<Member> | null;
  } catch {
    return NOWHERE;
  }
  if (typeof value !== 'object' || value === null) return NOWHERE;
  const { kind, name, removedAt, state = 'managed' } = value;
  if (kind === undefined || typeof name !== 'string' || removedAt === undefined) return NOWHERE;
  const group = groupOf(value);
  if (typeof state !== 'string' || typeof group !== 'string') return NOWHERE;
  const place = memberPlace({ kind, removedAt });
  return MEMBER_PLACES.includes(place) ? { place, sortName: sortName(name), state, group } : NOWHERE;
}
