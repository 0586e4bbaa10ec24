/** Bounds how many things are under way at a time; the rest wait in line, first come, first served, and may give up. */

export class Semaphore {
  #places: number;
  readonly #waiting = new Set<() => void>();

  constructor(places: number) {
    this.#places = places;
  }

  /** Resolves with a place, to be given back with `leave`; rejects with the signal's reason, without one. */
  async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#places > 0) {
      this.#places -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.delete(admit);
        reject(signal.reason as Error);
      };
      const admit = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(admit);
    });
  }

  /** Gives a place to the longest waiter, or frees it. */
  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#places += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
