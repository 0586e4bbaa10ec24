/**
 * Which secondaries there are, and what they said of their own ends of the links, by this process's own ears.
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
  #ids: readonly string[] | undefined;
  #reading: Promise<readonly string[]> | undefined;

  /** A heartbeat said so. */
  note(id: string, { useHierarchy, dmz }: SecondaryEnd): void {
    this.#heard.set(id, { useHierarchy, dmz });
  }

  /**
   * Which secondaries there are, so that a heartbeat does not look through a million devices for them.
   *
   * @param list reads them all; called once until the hierarchy changes.
   */
  async ids(list: () => Promise<readonly string[]>): Promise<readonly string[]> {
    if (this.#ids !== undefined) return this.#ids;
    const reading = list();
    this.#reading = reading;
    const ids = await reading;
    // Not kept where the hierarchy changed while it was read.
    if (this.#reading === reading) this.#ids = ids;
    return ids;
  }

  /** The hierarchy changed: a secondary joined, left or was removed. */
  forgetIds(): void {
    this.#ids = undefined;
    this.#reading = undefined;
  }

  /** How the end of a secondary stands that asks or sends right now. */
  endOf(id: string): SecondaryEnd {
    return this.#heard.get(id) ?? OPEN_END;
  }
}
