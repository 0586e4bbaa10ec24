/**
 * Groups of devices: a tree with a root that always is. A device stands in exactly one of them.
 *
 * Invariants: the tree is bounded in number and depth. Whatever the rows say, each group has one place in it: one whose
 * group above is gone, or that would stand below itself, stands below the root.
 */
import type { Changed } from './changed.ts';
import { sortName } from './name-order.ts';

/** The id of the root group, which has no row. A device whose row names no group, or one that is gone, stands in it. */
export const ROOT_GROUP = 'root';
/** All are read where a right is limited to some: half a millisecond. */
export const GROUPS_MAX = 1000;
/** Below the root: country, site, building, floor, department, and room for more. */
export const GROUP_DEPTH_MAX = 8;

export interface Group {
  readonly id: string;
  readonly name: string;
  /** The group above it. */
  readonly above: string;
  readonly changed?: Changed | undefined;
  /** The number of the change that brought it to its place or gave it its name. */
  readonly policyNumber?: number | undefined;
}

export class GroupTree {
  readonly #groups = new Map<string, Group>();
  readonly #below = new Map<string, Group[]>();

  constructor(groups: readonly Group[]) {
    for (const group of groups) this.#groups.set(group.id, group);
    for (const group of groups) {
      const placed = this.#isRooted(group) ? group : { ...group, above: ROOT_GROUP };
      this.#groups.set(placed.id, placed);
      this.#below.set(placed.above, [...(this.#below.get(placed.above) ?? []), placed]);
    }
    for (const siblings of this.#below.values()) siblings.sort(byNameThenId);
  }

  get size(): number {
    return this.#groups.size;
  }

  /** Undefined for the root group, too. */
  get(id: string): Group | undefined {
    return this.#groups.get(id);
  }

  has(id: string): boolean {
    return id === ROOT_GROUP || this.#groups.has(id);
  }

  /** Where something stands whose row names this group. */
  placeOf(id: string): string {
    return this.#groups.has(id) ? id : ROOT_GROUP;
  }

  below(id: string): readonly Group[] {
    return this.#below.get(id) ?? [];
  }

  /** All but the root, each before those below it, by name. */
  all(): readonly { readonly group: Group; readonly depth: number }[] {
    const walk = (id: string, depth: number): { group: Group; depth: number }[] =>
      this.below(id).flatMap((group) => [{ group, depth }, ...walk(group.id, depth + 1)]);
    return walk(ROOT_GROUP, 1);
  }

  /** These groups and all below them. One that is gone adds nothing. */
  within(ids: Iterable<string>): ReadonlySet<string> {
    const found = new Set<string>();
    const add = (id: string): void => {
      if (!this.has(id) || found.has(id)) return;
      found.add(id);
      for (const group of this.below(id)) add(group.id);
    };
    for (const id of ids) add(id);
    return found;
  }

  /** Levels between the root and it: 0 for the root. */
  depthOf(id: string): number {
    const group = this.#groups.get(id);
    return group === undefined ? 0 : 1 + this.depthOf(group.above);
  }

  /** Levels that it and those below it take. */
  heightOf(id: string): number {
    return 1 + Math.max(0, ...this.below(id).map((group) => this.heightOf(group.id)));
  }

  /** Whether the way up from it comes to the root. */
  #isRooted(group: Group): boolean {
    const seen = new Set([group.id]);
    for (let at = group.above; at !== ROOT_GROUP; ) {
      const above = this.#groups.get(at);
      if (above === undefined || seen.has(at)) return false;
      seen.add(at);
      at = above.above;
    }
    return true;
  }
}

function byNameThenId(left: Group, right: Group): number {
  const [one, other] = [sortName(left.name), sortName(right.name)];
  if (one !== other) return one < other ? -1 : 1;
  return left.id < right.id ? -1 : 1;
}
