/** How long to wait between calls. Spread at random, so that callers that failed together do not come back together. */
import { BACKOFF_MS_FIRST, BACKOFF_MS_MAX } from './limits.ts';

/** @param fraction from 0 to 1, at random. */
export function spreadMs(ms: number, fraction: number): number {
  return ms * (0.95 + 0.1 * fraction);
}

/**
 * Twice as long after each failure.
 *
 * @param failures in a row, from 1.
 * @param fraction from 0 to 1, at random.
 */
export function backOffMs(failures: number, fraction: number, mostMs = BACKOFF_MS_MAX): number {
  const ms = Math.min(BACKOFF_MS_MAX, mostMs, BACKOFF_MS_FIRST * 2 ** (failures - 1));
  return ms * (0.1 + 0.9 * fraction);
}
