/**
 * The order in which people see things that have a name: one that a store can keep, so that a million are shown page by
 * page.
 */
import { NAME_LENGTH_MAX } from './limits.ts';
import type { ServerName } from './server-name.ts';

/** What a name is sorted and looked up by: case, accents and forms of one letter make no difference. */
export function sortName(name: string): string {
  const folded = name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
  // Some letters fold into many. A store could not keep half of a surrogate pair.
  return folded.slice(0, NAME_LENGTH_MAX).toWellFormed();
}

/** By name, then by id. */
export function byName(left: ServerName, right: ServerName): number {
  const [one, other] = [sortName(left.name), sortName(right.name)];
  if (one !== other) return one < other ? -1 : 1;
  return left.id < right.id ? -1 : 1;
}
