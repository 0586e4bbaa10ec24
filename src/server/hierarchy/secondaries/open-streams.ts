/**
 * Tracks the open calls of secondaries that carry keys, so that switching the option off, a DMZ mark or a removal can
 * end them before the command returns.
 */
export class OpenStreams {
  readonly #open = new Map<string, Set<() => void>>();
  readonly #transmissions = new Map<string, () => void>();

  /** Runs a call of a secondary. `abort` is called when the link to it is closed; it ends the connection. */
  async run<T>(secondaryId: string, abort: () => void, work: () => Promise<T>): Promise<T> {
    const streams = this.#open.get(secondaryId) ?? new Set();
    this.#open.set(secondaryId, streams);
    streams.add(abort);
    try {
      return await work();
    } finally {
      streams.delete(abort);
      if (streams.size === 0 && this.#open.get(secondaryId) === streams) this.#open.delete(secondaryId);
    }
  }

  /**
   * Runs a transmission. A secondary sends one at a time. A second one means that it gave up the first, whose
   * connection may look alive for minutes and would hold a batch in memory.
   */
  async runTransmission<T>(secondaryId: string, abort: () => void, work: () => Promise<T>): Promise<T> {
    this.#transmissions.get(secondaryId)?.();
    this.#transmissions.set(secondaryId, abort);
    try {
      return await this.run(secondaryId, abort, work);
    } finally {
      if (this.#transmissions.get(secondaryId) === abort) this.#transmissions.delete(secondaryId);
    }
  }

  /**
   * Ends the streams of one secondary. Work that continues after this sees rows that already refuse: nothing more is
   * stored for it, and nothing is answered.
   */
  close(secondaryId: string): void {
    for (const abort of this.#open.get(secondaryId) ?? []) abort();
  }

  closeAll(): void {
    for (const id of this.#open.keys()) this.close(id);
  }
}
