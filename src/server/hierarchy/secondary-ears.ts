/**
 * What secondaries said of their own ends of the links, by this process's own ears.
 *
 * Invariant: only what was heard since the start counts. A row would outlive the putting back of an older copy, and
 * refuse in the name of an option that has long been switched. A secondary that was not heard yet looks at its own end
 * before it asks or sends, so that it does either says that its end is open.
 */
export interface SecondaryEnd {
  readonly useHierarchy: boolean;
  readonly dmz: boolean;
}

const OPEN_END: SecondaryEnd = { useHierarchy: true, dmz: false };

export class SecondaryEars {
  readonly #heard = new Map<string, SecondaryEnd>();

  /** A heartbeat said so. */
  note(id: string, { useHierarchy, dmz }: SecondaryEnd): void {
    this.#heard.set(id, { useHierarchy, dmz });
  }

  /** How the end of a secondary stands that asks or sends right now. */
  endOf(id: string): SecondaryEnd {
    return this.#heard.get(id) ?? OPEN_END;
  }
}
