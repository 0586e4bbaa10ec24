/**
 * The time that a campaign of many rounds may take. Invariant: what was begun is over by then, give or take how much
 * longer a round takes than the longest so far. The first round is always begun: a run that shows nothing helps nobody.
 */
export interface TimeBudget {
  /**
   * Whether another round is likely to be over in time.
   *
   * @param ms what it takes where nothing else runs; as long as the longest so far unless given.
   */
  mayBegin(ms?: number): boolean;
  /** Aborted when a tenth of the time more is over: what is still under way is to be given up. */
  readonly over: AbortSignal;
  /** Runs a round, and learns what one costs. */
  round<T>(work: () => Promise<T>, ms?: number): Promise<T>;
}

/** Beyond the time, for what was begun. */
const TENTH = 0.1;
const NEVER = new AbortController().signal;

/**
 * @param end a reading of `performance.now()`.
 * @param closing what has to be done after the last round, in rounds.
 */
export function timeBudget(end: number, closing = 0): TimeBudget {
  let longestMs = 0;
  /** How many times longer than on a machine of its own a round took, at most. */
  let slowness = 1;
  let begun = false;
  const msLeft = Math.max(0, end - performance.now());
  return {
    over: isFinite(msLeft) ? AbortSignal.timeout(Math.ceil(msLeft * (1 + TENTH))) : NEVER,
    mayBegin(ms) {
      const expectedMs = ms === undefined ? longestMs * (1 + closing) : ms * slowness;
      return !begun || performance.now() + expectedMs <= end;
    },
    async round(work, ms) {
      begun = true;
      const at = performance.now();
      try {
        return await work();
      } finally {
        const tookMs = performance.now() - at;
        longestMs = Math.max(longestMs, tookMs);
        if (ms !== undefined) slowness = Math.max(slowness, tookMs / ms);
      }
    },
  };
}
