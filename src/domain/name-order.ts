/** In which order people are shown things that they know by a name. */
import type { ServerName } from './lookup.ts';

/** Made once, since each `localeCompare` would make its own; and late, since most commands order nothing. */
let names: Intl.Collator | undefined;

/** By name, and those of one name by id. */
export function byName(left: ServerName, right: ServerName): number {
  names ??= new Intl.Collator();
  return names.compare(left.name, right.name) || (left.id < right.id ? -1 : 1);
}
