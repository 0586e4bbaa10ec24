/** Work of one caller after another: of each caller one at a time, in the order in which it came. */

export class InTurn {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Rejects with the failure of this work only. */
  async run<T>(caller: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(caller) ?? Promise.resolve()).then(work, work);
    this.#last.set(caller, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(caller) === turn) this.#last.delete(caller);
    }
  }
}
