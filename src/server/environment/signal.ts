/** "Something changed, look again": a signal without data, so that a listener always reads the truth from the store. */
export class Signal {
  readonly #listeners = new Set<() => void>();

  /** Returns a function that ends the listening. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  raise(): void {
    for (const listener of this.#listeners) listener();
  }
}
