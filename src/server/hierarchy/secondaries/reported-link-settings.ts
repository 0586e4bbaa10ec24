/**
 * Which secondaries exist, and what this process itself heard of their ends of the links.
 *
 * Invariant: only what was heard since the start counts. A row would survive the restore of an older copy and would
 * refuse because of an option that was switched long ago. A secondary that was not heard yet checks its own end before
 * it asks or sends, so its asking or sending says that its end is open.
 */
export interface SecondaryEnd {
  readonly useHierarchy: boolean;
  readonly dmz: boolean;
}

const OPEN_END: SecondaryEnd = { useHierarchy: true, dmz: false };

export class ReportedLinkSettings {
  readonly #heard = new Map<string, SecondaryEnd & { readonly at: number }>();
  readonly #startedAt: number;
  #ids: readonly string[] | undefined;
  #reading: Promise<readonly string[]> | undefined;

  /** @param startedAt Unix ms: what was stored before it may be of an older copy. */
  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  /** Notes what a heartbeat said. @param at Unix ms. */
  note(id: string, { useHierarchy, dmz }: SecondaryEnd, at: number): void {
    this.#heard.set(id, { useHierarchy, dmz, at });
  }

  /**
   * The ids of the secondaries, so that a heartbeat does not search through a million devices for them.
   *
   * @param list reads them all; called once until the hierarchy changes.
   */
  async ids(list: () => Promise<readonly string[]>): Promise<readonly string[]> {
    if (this.#ids !== undefined) return this.#ids;
    const reading = list();
    this.#reading = reading;
    const ids = await reading;
    // Not kept if the hierarchy changed during the read.
    if (this.#reading === reading) this.#ids = ids;
    return ids;
  }

  /** The hierarchy changed: a secondary joined, left or was removed. */
  forgetIds(): void {
    this.#ids = undefined;
    this.#reading = undefined;
  }

  /**
   * The end of a secondary that asks or sends right now.
   *
   * @param elsewhere what another process of this server heard, and when.
   */
  endOf(id: string, elsewhere?: SecondaryEnd & { readonly at: number }): SecondaryEnd {
    const here = this.#heard.get(id);
    if (elsewhere !== undefined && elsewhere.at > (here?.at ?? this.#startedAt)) return elsewhere;
    return here ?? OPEN_END;
  }
}
