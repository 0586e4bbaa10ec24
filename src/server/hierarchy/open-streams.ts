/**
 * Calls of secondaries in which keys travel, while they are open: so that switching the option off, a DMZ mark or a
 * removal can end them before the command returns.
 */
export class OpenStreams {
  readonly #open = new Map<string, Set<{ readonly abort: () => void; readonly over: Promise<unknown> }>>();

  /**
   * Runs a call of a secondary. `abort` is called when the link to it is closed.
   */
  async run<T>(secondaryId: string, abort: () => void, work: () => Promise<T>): Promise<T> {
    const over = work();
    const stream = { abort, over };
    const streams = this.#open.get(secondaryId) ?? new Set();
    this.#open.set(secondaryId, streams);
    streams.add(stream);
    try {
      return await over;
    } finally {
      streams.delete(stream);
      if (streams.size === 0 && this.#open.get(secondaryId) === streams) this.#open.delete(secondaryId);
    }
  }

  /** Ends the streams of one secondary and waits until they are over. */
  async close(secondaryId: string): Promise<void> {
    const streams = [...(this.#open.get(secondaryId) ?? [])];
    for (const { abort } of streams) abort();
    await Promise.allSettled(streams.map(({ over }) => over));
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((id) => this.close(id)));
  }
}
