/**
 * Between two events of simulated time everything that was set going runs to its end or to a wait. What is real and
 * takes turns of the event loop (the store) is counted here; promises alone are over within a turn.
 *
 * Invariant: nothing that is counted uses threads or real time, so the turns come in the same order in every run.
 */

/** A run that never comes to rest is a defect: two parts that wake each other without time going on. */
const TURNS_MAX = 20_000;

export class Quiet {
  #open = 0;

  /** Counts a piece of work that takes turns. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#open += 1;
    try {
      return await work();
    } finally {
      this.#open -= 1;
    }
  }

  /** Resolves when all is at rest. */
  async settled(): Promise<void> {
    for (let turns = 0; turns < TURNS_MAX; turns += 1) {
      await new Promise(setImmediate);
      if (this.#open === 0) return;
    }
    throw new Error('the simulated tree does not come to rest: its parts wake each other for ever');
  }
}
