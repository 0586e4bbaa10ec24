/** In which order people are shown things that they know by a name. */
import type { ServerName } from './lookup.ts';

/** Made once: each `localeCompare` would make its own. */
const names = new Intl.Collator();

/** By name, and those of one name by id. */
export function byName(left: ServerName, right: ServerName): number {
  return names.compare(left.name, right.name) || (left.id < right.id ? -1 : 1);
}
