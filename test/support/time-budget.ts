/**
 * The time that a campaign of many rounds may take. Invariant: what was begun is over by then, give or take how much
 * longer a round takes than the longest so far. The first round is always begun: a run that shows nothing helps nobody.
 */
export interface TimeBudget {
  /** Whether another round is likely to be over in time. */
  mayBegin(): boolean;
  /** Runs a round, and learns what one costs. */
  round<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * @param end a reading of `performance.now()`.
 * @param closing what has to be done after the last round, in rounds.
 */
export function timeBudget(end: number, closing = 0): TimeBudget {
  let longestMs = 0;
  let begun = false;
  return {
    mayBegin: () => !begun || performance.now() + longestMs * (1 + closing) <= end,
    async round(work) {
      begun = true;
      const at = performance.now();
      try {
        return await work();
      } finally {
        longestMs = Math.max(longestMs, performance.now() - at);
      }
    },
  };
}
