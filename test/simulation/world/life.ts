/**
 * One life of a process: from its start to its end or crash. Every port of a server belongs to a life; when that is
 * over, nothing that was handed out resolves any more, as if the process were gone.
 */

/** What the dead wait for: a promise for each, since one for all would keep all that ever waited for it. */
export function never<T>(): Promise<T> {
  return new Promise(() => undefined);
}

/** Undoes a work of a process that died in the middle of it. Nobody living sees it. */
export class Died extends Error {
  constructor() {
    super('the process died');
  }
}

export class Life {
  #alive = true;
  #stepsLeft: number | undefined;
  readonly #whenOver = new Set<() => void>();
  #awake: Promise<void> | undefined;

  /** It stands still, as a process that was stopped. */
  get paused(): boolean {
    return this.#awake !== undefined;
  }

  /** Nothing of it goes on until it is woken. Returns what wakes it. */
  pause(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awake = promise;
    return () => {
      this.#awake = undefined;
      resolve();
    };
  }

  /** Resolves when it does not stand still. */
  async awake(): Promise<void> {
    while (this.#awake !== undefined) await this.#awake;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Ends after so many more steps: each port asked, and each answer of a port, is one. */
  endAfter(steps: number): void {
    this.#stepsLeft = steps;
  }

  /** Takes back a planned end. */
  endNever(): void {
    this.#stepsLeft = undefined;
  }

  /** An await of the real program is passed. Returns whether the process still lives. */
  step(): boolean {
    if (this.#alive && this.#stepsLeft !== undefined) {
      this.#stepsLeft -= 1;
      if (this.#stepsLeft <= 0) this.end();
    }
    return this.#alive;
  }

  end(): void {
    if (!this.#alive) return;
    this.#alive = false;
    for (const call of this.#whenOver) call();
    this.#whenOver.clear();
  }

  /** Returns what cancels it. */
  whenOver(call: () => void): () => void {
    this.#whenOver.add(call);
    return () => this.#whenOver.delete(call);
  }
}
